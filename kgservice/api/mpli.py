"""`/mpli/v1`: discovery, requests, plans, services and jobs."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.api.bodies import (
    ApplyBody,
    MoveBody,
    PlanBody,
    ReleaseBody,
    read_body,
    read_json,
)
from kgservice.api.jobs_view import accepted, event_stream, last_known_event
from kgservice.api.questions import read_question
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import (
    changes,
    discover,
    drifts,
    explaining,
    jobs,
    moves,
    plans,
    rehearsals,
    request_answers,
    requests,
    service_view,
    services,
)
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.plan import Plan

MOST_STREAMS, MOST_STREAMS_EACH = 24, 8
"""Event streams that may be open at once: each holds a thread."""
MOST_ANSWERS, MOST_ANSWERS_EACH = 24, 8
"""Requests that may be resolved or explained at once, in all and for one caller."""

Made = tuple[Response, int, dict[str, str]]


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("mpli", __name__, url_prefix="/mpli/v1")
    _add_discovery(routes, application)
    _add_requests(routes, application)
    _add_answers(routes, application)
    _add_plans(routes, application)
    _add_services(routes, application)
    _add_service_changes(routes, application)
    _add_jobs(routes, application)
    return routes


def _add_discovery(routes: Blueprint, application: Application) -> None:
    @routes.get("/offerings")
    def offerings() -> Response:
        require(application, "read-shared")
        return jsonify(discover.offerings(application, request.args))


def _add_requests(routes: Blueprint, application: Application) -> None:
    @routes.get("/requests")
    def list_requests() -> Response:
        caller = require(application, "use-services")
        return jsonify({"requests": requests.list_requests(application, caller)})

    @routes.post("/requests")
    def add_request() -> Made:
        caller = require(application, "use-services")
        made = requests.add_request(
            application, caller, request.get_data(), request.mimetype or "application/yaml"
        )
        return jsonify(made.as_json()), 201, {"Location": f"/mpli/v1/requests/{made.id}"}

    @routes.get("/requests/<identity>")
    def show_request(identity: str) -> Response:
        caller = require(application, "use-services")
        accept = request.headers.get("Accept", "application/json")
        body, media_type = requests.show_request(application, caller, identity, accept)
        return Response(body, content_type=media_type)


def _add_answers(routes: Blueprint, application: Application) -> None:
    resolving = Places(MOST_ANSWERS, MOST_ANSWERS_EACH)

    @routes.get("/requests/<identity>/resolution")
    def resolution(identity: str) -> Response:
        caller = require(application, "use-services")
        known = request.if_none_match
        wanted = request_answers.Wanted(
            engine=request.args.get("engine", "fast"),
            accept=request.headers.get("Accept", "application/json"),
            deadline_s=_deadline(application),
            is_known=known.contains if known else None,
        )
        with resolving.place(caller.id):
            found = request_answers.resolution_of(application, caller, identity, wanted)
        if found.content is None:
            response = Response(status=304)
        else:
            response = Response(found.content, content_type=found.media_type)
        if found.tag:
            response.set_etag(found.tag)
        return response

    @routes.get("/requests/<identity>/explanation")
    def explanation(identity: str) -> Response:
        caller = require(application, "use-services")
        question = read_question(request.args)
        with resolving.place(caller.id):
            told = explaining.explanation_of(application, caller, identity, question)
        accept = request.headers.get("Accept", "application/json")
        if "text/plain" in accept and "application/json" not in accept:
            return Response(str(told["text"]), content_type="text/plain; charset=utf-8")
        return jsonify(told)


def _deadline(application: Application) -> float | None:
    """Read `?deadline=`: seconds, at most the setting's."""
    text = request.args.get("deadline", "")
    if not text:
        return None
    most = application.settings.query_timeout_s
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= most:
        raise InputError(
            f"A deadline of {text[:40]!r} is not possible.",
            code="value-invalid",
            at="?deadline",
            hint=f"Give seconds: more than 0, at most {most:g}.",
        )
    return seconds


def _add_plans(routes: Blueprint, application: Application) -> None:
    @routes.post("/plans")
    def add_plan() -> Made:
        caller = require(application, "use-services")
        body = read_body(PlanBody)
        key = body.customerKey.model_dump(exclude_none=True) if body.customerKey else None
        plan = plans.add_plan(application, caller, body.request, body.rank, key)
        return (
            jsonify(plans.as_json(application, plan)),
            201,
            {"Location": f"/mpli/v1/plans/{plan.id}"},
        )

    @routes.get("/plans/<identity>")
    def show_plan(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(plans.as_json(application, plans.get_plan(application, caller, identity)))

    @routes.post("/plans/<identity>/apply")
    def apply_plan(identity: str) -> Made:
        caller = require(application, "use-services")
        body = read_body(ApplyBody)
        job = plans.apply_plan(application, caller, identity, consented=body.eraseConsent)
        return accepted(application, job)


def _add_services(routes: Blueprint, application: Application) -> None:
    @routes.get("/services")
    def list_services() -> Response:
        caller = require(application, "use-services")
        return jsonify({"services": services.list_services(application, caller)})

    @routes.get("/services/<identity>")
    def show_service(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(service_view.show(application, caller, identity))

    @routes.post("/services/<identity>/observations")
    def observe_service(identity: str) -> Made:
        caller = require(application, "use-services")
        return accepted(application, drifts.observe(application, caller, identity))

    @routes.get("/services/<identity>/exit")
    def show_exit(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(rehearsals.show_exit(application, caller, identity))

    @routes.post("/services/<identity>/exit/rehearsals")
    def rehearse_exit(identity: str) -> Made:
        caller = require(application, "use-services")
        return accepted(application, rehearsals.rehearse_exit(application, caller, identity))

    @routes.get("/services/<identity>/connection")
    def connection(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(services.sealed_connection(application, caller, identity))


def _add_service_changes(routes: Blueprint, application: Application) -> None:
    @routes.patch("/services/<identity>")
    def adjust_service(identity: str) -> Made:
        caller = require(application, "use-services")
        if request.mimetype in changes.WHOLE_REQUESTS:
            plan = changes.plan_adjusted_request(
                application, caller, identity, request.get_data(), request.mimetype
            )
        else:
            plan = services.plan_adjust(application, caller, identity, read_json())
        consented = request.args.get("eraseConsent") == "1"
        return _planned(application, caller, plan, request.args.get("apply") == "0", consented)

    @routes.delete("/services/<identity>")
    def end_service(identity: str) -> Made:
        caller = require(application, "use-services")
        plan = services.plan_end(application, caller, identity)
        consented = request.args.get("eraseConsent") == "1"
        job = plans.apply_plan(application, caller, plan.id, consented=consented)
        return accepted(application, job)

    @routes.post("/services/<identity>/moves")
    def move_service(identity: str) -> Made:
        caller = require(application, "use-services")
        body = read_body(MoveBody)
        plan = moves.plan_service_move(application, caller, identity, to=body.to)
        return _planned(application, caller, plan, not body.apply, body.eraseConsent)

    @routes.post("/services/<identity>/release")
    def release_service(identity: str) -> Made:
        caller = require(application, "use-services")
        body = read_body(ReleaseBody)
        job, seen = jobs.release_held_source(application, caller, identity, consent=body.consent)
        return accepted(application, job, seen)


def _planned(
    application: Application, caller: Caller, plan: Plan, only_plan: bool, consented: bool
) -> Made:
    """Show a plan, or have it carried out."""
    if only_plan:
        place = {"Location": f"/mpli/v1/plans/{plan.id}"}
        return jsonify(plans.as_json(application, plan)), 201, place
    return accepted(
        application, plans.apply_plan(application, caller, plan.id, consented=consented)
    )


def _add_jobs(routes: Blueprint, application: Application) -> None:
    streams = Places(MOST_STREAMS, MOST_STREAMS_EACH)

    @routes.get("/jobs")
    def list_jobs() -> Response:
        caller = require(application, "see-jobs")
        return jsonify({"jobs": jobs.list_jobs(application, caller)})

    @routes.get("/jobs/<identity>")
    def show_job(identity: str) -> Response:
        caller = require(application, "see-jobs")
        with_query = request.args.get("query") == "1"
        return jsonify(jobs.show_job(application, caller, identity, with_query=with_query))

    @routes.get("/jobs/<identity>/events")
    def events(identity: str) -> Response:
        caller = require(application, "see-jobs")
        jobs.show_job(application, caller, identity)
        after = last_known_event()
        streams.take(caller.id)
        stream = event_stream(application, identity, after)
        response = Response(stream, mimetype="text/event-stream")
        response.call_on_close(lambda: streams.give_back(caller.id))
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.post("/jobs/<identity>/cancel")
    def cancel(identity: str) -> Made:
        caller = require(application, "see-jobs")
        jobs.cancel_job(application, caller, identity)
        return accepted(application, identity)
