/* The query page: YASGUI with this service as its only endpoint. Reads the document, asks nobody else. */
"use strict";

(function () {
  const endpoint = new URL("/sparql", location.href).href;
  const tokenField = document.getElementById("token");
  const authorization = () => {
    const token = tokenField.value.trim();
    return token ? { Authorization: "Bearer " + token } : {};
  };

  /* Terms for completion come from the vocabulary in the store, not from another host. */
  const TERMS = {
    class: "SELECT DISTINCT ?term { ?term a <http://www.w3.org/2002/07/owl#Class> }",
    property:
      "SELECT DISTINCT ?term { VALUES ?kind { <http://www.w3.org/2002/07/owl#ObjectProperty>" +
      " <http://www.w3.org/2002/07/owl#DatatypeProperty> } ?term a ?kind }",
  };
  for (const [name, query] of Object.entries(TERMS)) {
    Yasqe.registerAutocompleter({
      ...Yasqe.Autocompleters[name],
      bulk: true,
      persistenceId: null,
      get: async () => {
        const answer = await fetch(endpoint + "?query=" + encodeURIComponent(query), {
          headers: { Accept: "text/csv", ...authorization() },
        });
        return answer.ok ? (await answer.text()).trim().split(/\r?\n/).slice(1).sort() : [];
      },
    });
  }

  /* A problem document (RFC 9457) as its four parts: where, what with line and caret, what to do, code. */
  async function showProblem(error) {
    let problem;
    try {
      problem = JSON.parse(error.text);
    } catch {
      return undefined;
    }
    const box = document.createElement("div");
    box.className = "problem";
    box.setAttribute("role", "alert");
    const add = (tag, text) => {
      const element = document.createElement(tag);
      element.textContent = text;
      box.append(element);
      return element;
    };
    add("pre", (problem.at ? problem.at + ": " : "") + problem.detail);
    if (problem.hint) add("p", problem.hint);
    const code = add("p", "").appendChild(document.createElement("a"));
    code.href = "/docs/errors#" + encodeURIComponent(problem.code);
    code.textContent = problem.code;
    return box;
  }
  Yasr.defaults.errorRenderers = [showProblem];

  /* Numbers and texts without their datatypes, until "Simple view" is switched off. */
  const { draw } = Yasr.plugins.table.prototype;
  Yasr.plugins.table.prototype.draw = function (config) {
    return draw.call(this, { compact: true, ...config });
  };

  const buttons = Array.from(document.querySelectorAll("#examples button"));
  const first = buttons.find((button) => button.dataset.name === "postgresql-offers") || buttons[0];
  const yasgui = new Yasgui(document.getElementById("yasgui"), {
    autofocus: false,
    persistenceId: null, // neither queries nor answers outlive the page
    copyEndpointOnNewTab: false,
    endpointCatalogueOptions: { getData: () => [] },
    requestConfig: {
      endpoint: () => endpoint,
      method: "POST",
      headers: authorization,
      acceptHeaderGraph: "text/turtle",
      acceptHeaderSelect: "application/sparql-results+json",
    },
    yasqe: {
      value: first ? first.dataset.query : "SELECT * { ?s ?p ?o } LIMIT 10",
      editorHeight: "22rem",
      extraKeys: { Tab: false, "Shift-Tab": false }, // the keyboard is not caught in the editor
    },
  });

  /* What the service says of a query that ran: a misspelt term, for example. */
  const notice = document.getElementById("notice");
  yasgui.on("query", () => { notice.textContent = ""; });
  const { setResponse } = Yasr.prototype;
  Yasr.prototype.setResponse = function (data, duration) {
    const hint = data && data.headers && data.headers.get && data.headers.get("Kg-Hint");
    notice.textContent = hint || "";
    return setResponse.call(this, data, duration);
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      const tab = yasgui.getTab();
      tab.setQuery(button.dataset.query);
      tab.setName(button.textContent);
      if (matchMedia("(max-width: 60rem)").matches) {
        document.getElementById("examples").open = false;
        document.getElementById("yasgui").scrollIntoView();
      }
      tab.getYasqe().focus();
    });
  }
  if (matchMedia("(max-width: 60rem)").matches) document.getElementById("examples").open = false;

  const label = (selector, text) => {
    for (const element of document.querySelectorAll(selector)) element.setAttribute("aria-label", text);
  };
  label(".CodeMirror textarea", "SPARQL query");
  label(".yasqe_queryButton", "Run the query");
})();
