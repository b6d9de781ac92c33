/* The setup page: shows the settings, sends them to the app's endpoints, which check and store them, and runs the two
   tests. The fields are in setup_fields.js, the form is made by setup_form.js; the order of the three does not matter. */
(function () {
    "use strict";

    const ON = /^(true|t|1|yes|y)$/i;
    const SWITCHES = ["comments_allowed", "writes_allowed"];
    const STEPS = {
        settings: "Settings", network: "Network", certificate: "Certificate", key: "API key", quota: "Quota"
    };
    const FIELDS = {};
    let setup = {};

    function at(name) {
        return document.getElementById(setup.idOf(name));
    }

    /* Settings to fields, and fields to settings. */

    let shown = {};
    let publicQuota = "";

    function tier() {
        const chosen = document.querySelector("#vtlookup-setup input[name=tier]:checked");
        return chosen ? chosen.value : "premium";
    }

    function sameWindows(one, other) {
        return one.replace(/\s/g, "").toLowerCase() === other.replace(/\s/g, "").toLowerCase();
    }

    function inWords(quota) {
        return quota.split(",").map(function (limit, index) {
            const parts = limit.trim().split("/");
            return Number(parts[0]).toLocaleString("en-US") + (index ? "" : " requests") + " a " + parts[1];
        }).join(", ");
    }

    function showQuota(quota) {
        const found = quota.toLowerCase() === "auto" ? "auto" : sameWindows(quota, publicQuota) ? "public" : "premium";
        at("tier-" + found).checked = true;
        at("quota").value = found === "premium" ? quota : publicQuota;
    }

    function showState(state) {
        const place = state === "" ? "file" : state === "kvstore" ? "kvstore" : "path";
        at("place").value = place;
        at("state").value = place === "path" ? state : "";
    }

    function fit() {
        at("quota").disabled = tier() !== "premium";
        at("state").disabled = at("place").value !== "path";
    }

    function show(answer) {
        const settings = answer.settings;
        publicQuota = answer.public_quota;
        at("tier-public-label").textContent = "Public API, free of charge: " + inWords(publicQuota);
        Object.keys(FIELDS).forEach(function (name) {
            if (name in settings && name !== "quota" && name !== "state") {
                at(name).value = name === "never_query" ? settings[name].split(/[\s,]+/).join("\n") :
                    SWITCHES.indexOf(name) >= 0 ? String(ON.test(settings[name])) :
                        FIELDS[name].kind === "select" ? settings[name].toLowerCase() : settings[name];
            }
        });
        showQuota(settings.quota || publicQuota);
        showState(settings.state);
        at("api_key").value = "";
        at("api_key").placeholder = answer.key_is_set ? "A key is stored; leave empty to keep it" : "No key is stored yet";
        fit();
        shown = values();
    }

    function values() {
        const found = {};
        Object.keys(FIELDS).forEach(function (name) {
            if (name !== "tier" && name !== "place" && name !== "api_key") {
                found[name] = at(name).value.trim();
            }
        });
        found.quota = tier() === "public" ? publicQuota : tier() === "auto" ? "auto" : found.quota;
        const place = at("place").value;
        found.state = place === "file" ? "" : place === "kvstore" ? "kvstore" : found.state;
        found.never_query = found.never_query.split(/[\s,]+/).filter(Boolean).join(", ");
        return found;
    }

    function isChanged() {
        return at("api_key").value !== "" || JSON.stringify(values()) !== JSON.stringify(shown);
    }

    /* Errors, shown at their fields. */

    function wrongHere(found) {
        const wrong = {};
        Object.keys(FIELDS).forEach(function (name) {
            const text = name === "api_key" ? at(name).value : found[name];
            const problem = FIELDS[name].check && text !== undefined ? FIELDS[name].check(text) : "";
            if (problem) {
                wrong[name] = problem;
            }
        });
        const place = at("place").value;
        if (place !== "path") {
            delete wrong.state;
        } else if (found.state === "") {
            wrong.state = "Write the absolute path of a file.";
        }
        return wrong;
    }

    function tellWrong(wrong) {
        let first = null;
        Object.keys(FIELDS).forEach(function (name) {
            const field = at(name);
            document.getElementById(setup.idOf(name) + "-error").textContent = wrong[name] || "";
            if (field) {
                field.setAttribute("aria-invalid", wrong[name] ? "true" : "false");
                first = first || (wrong[name] ? field : null);
            }
        });
        if (first) {
            first.focus();
        }
    }

    function tell(text, kind) {
        at("message").textContent = text;
        at("message").className = "vtlookup-message vtlookup-" + kind;
    }

    /* The endpoints, through Splunk Web. */

    function formKey() {
        const keys = {};
        document.cookie.split(/;\s*/).forEach(function (cookie) {
            const match = /^splunkweb_csrf_token_(\d+)=(.*)$/.exec(cookie);
            if (match) {
                keys[match[1]] = match[2];
            }
        });
        // Behind a reverse proxy the port is not the one in the cookie's name.
        return keys[window.location.port] || keys[Object.keys(keys)[0]] || "";
    }

    function call(method, path, document_) {
        const root = window.location.pathname.split("/app/")[0];
        const headers = { "X-Requested-With": "XMLHttpRequest", "X-Splunk-Form-Key": formKey(), "Content-Type": "application/json" };
        return window.fetch(root + "/splunkd/__raw/services/vtlookup/" + path, {
            method: method, credentials: "same-origin", headers: headers,
            body: document_ === undefined ? undefined : JSON.stringify(document_)
        }).then(function (response) {
            return response.json().catch(function () {
                const missing = response.status === 403 ? "your role needs the capability vtlookup_admin" :
                    response.status === 404 ? "the app's endpoints do not exist; restart Splunk" : "HTTP " + response.status;
                return { error: "Splunk did not answer: " + missing + "." };
            });
        }).catch(function () {
            return { error: "Splunk could not be reached." };
        });
    }

    function busy(isBusy) {
        ["save", "test", "measure"].forEach(function (name) {
            at(name).disabled = isBusy;
        });
    }

    function during(text, promise, then) {
        busy(true);
        tell(text, "quiet");
        promise.then(function (answer) {
            busy(false);
            tell("", "quiet");
            then(answer);
        });
    }

    function save(event) {
        event.preventDefault();
        at("findings").textContent = "";
        const found = values();
        const wrong = wrongHere(found);
        tellWrong(wrong);
        if (Object.keys(wrong).length) {
            tell("Nothing was saved. Correct the marked fields.", "bad");
            return;
        }
        const document_ = { settings: found };
        if (at("api_key").value) {
            document_.api_key = at("api_key").value;
        }
        during("Saving ...", call("POST", "settings", document_), function (answer) {
            tellWrong(answer.wrong || {});
            if (answer.error) {
                tell(answer.error, "bad");
                return;
            }
            show(answer);
            tell("Saved. Takes effect within 30 seconds.", "good");
        });
    }

    function test() {
        at("findings").textContent = "";
        if (isChanged()) {
            tell("Save first: the test uses the stored settings.", "bad");
            return;
        }
        during("Connecting to VirusTotal ...", call("POST", "checks", { check: "connection" }), function (answer) {
            if (answer.error) {
                tell(answer.error, "bad");
                return;
            }
            tell(answer.ok ? "VirusTotal responds and accepts the key." : "The test failed.", answer.ok ? "good" : "bad");
            answer.findings.forEach(function (finding) {
                const state = finding.ok === null ? "open" : finding.ok ? "good" : "bad";
                const word = { open: "not tested", good: "ok", bad: "wrong" }[state];
                at("findings").appendChild(setup.make("li", { "class": "vtlookup-" + state, "data-step": finding.about }, [
                    setup.make("strong", { text: STEPS[finding.about] }),
                    setup.make("span", { "class": "vtlookup-mark", text: word }),
                    setup.make("span", { text: finding.ok === false ? finding.text : "" })
                ]));
            });
        });
    }

    function measure() {
        during("Reading the account ...", call("POST", "checks", { check: "account" }), function (answer) {
            if (answer.error) {
                tell(answer.error, "bad");
                return;
            }
            showQuota(answer.quota);
            fit();
            tell("The account allows " + answer.quota + ". Save to use these limits.", "good");
        });
    }

    /* The theme follows the background of Splunk's page, not the system's preference. */

    function isDark(element) {
        for (let each = element; each; each = each.parentElement) {
            const parts = (window.getComputedStyle(each).backgroundColor.match(/[\d.]+/g) || []).map(Number);
            if (parts.length === 3 || parts[3] > 0.5) {
                return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] < 128;
            }
        }
        return window.matchMedia("(prefers-color-scheme: dark)").matches;
    }

    function begin(root) {
        root.setAttribute("data-theme", isDark(root) ? "dark" : "light");
        call("GET", "settings").then(function (answer) {
            root.textContent = "";
            if (answer.error) {
                root.appendChild(setup.make("p", { "class": "vtlookup-message vtlookup-bad", role: "alert", text: answer.error }));
                return;
            }
            root.appendChild(setup.formOf(setup.GROUPS));
            show(answer);
            root.firstChild.addEventListener("submit", save);
            root.firstChild.addEventListener("change", fit);
            at("test").addEventListener("click", test);
            at("measure").addEventListener("click", measure);
        });
    }

    // The panel and the other scripts may come after this one.
    (function look() {
        const root = document.getElementById("vtlookup-setup");
        setup = window.vtlookupSetup || {};
        if (root && setup.GROUPS && setup.formOf) {
            setup.GROUPS.forEach(function (group) {
                group.fields.forEach(function (field) {
                    FIELDS[field.name] = field;
                });
            });
            begin(root);
        } else {
            window.setTimeout(look, 50);
        }
    })();
})();
