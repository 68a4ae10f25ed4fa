"""The properties that requests may name, as the language promises them: name and kind."""

from __future__ import annotations

import pytest

from kgservice.store.vocabulary import load_vocabulary

KINDS = {
    "Single": """provider headquarters parent monthlyPrice oneTimePrice totalPrice
        earlyTerminationPenalty switchingCharge switchingEgressPrice parallelEgressPrice currency
        vcpu memory storage gpu model count capacity maxConnections pointInTimeRecovery
        recoveryPoint recoveryTime availability support renewableShare pue noticePeriod
        transitionPeriod retrievalPeriod minimumTerm governingLaw court processorAgreement
        auditRights accessPolicyUrl exportRegisterUrl sovereigntyScore roundTrip country region
        city zone share votes sovereignty.SOV-1 sovereignty.SOV-8""",
    "Choice": "location majorVersion imageFormat hypervisor architecture",
    "Feature": """extension importFormat exportFormat api minTlsVersion ipv6 customerManagedKey
        supportLanguage label certificate codeOfConduct invoicing frameworkAgreement""",
    "Exposure": """owner subprocessor dataLocation transferCountry transferTool dependsOn
        subjectToLaw""",
}
MONEY = (
    "monthlyPrice",
    "oneTimePrice",
    "totalPrice",
    "earlyTerminationPenalty",
    "switchingCharge",
    "switchingEgressPrice",
    "parallelEgressPrice",
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_of_the_language_has_its_kind(kind: str) -> None:
    properties = load_vocabulary().properties
    found = {name: properties[name].kind.value for name in KINDS[kind].split()}
    assert set(found.values()) == {kind}, found


def test_amounts_are_money() -> None:
    properties = load_vocabulary().properties
    assert all(properties[name].is_money for name in MONEY)
