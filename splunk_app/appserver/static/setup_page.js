/* The setup page: shows the settings, sends them to the app's endpoints, which check and store them, and runs the two
   tests. The server checks all values; the checks here only save a request. */
(function () {
    "use strict";

    const TIME = /^(\d{1,12}(?:\.\d{1,9})?)\s*(ms|[smhdw])?$/i;
    const UNIT_S = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
    const NUMBER = /^\d+(\.\d+)?$/;
    const WINDOWS = /^(none|auto|[1-9]\d*\/(second|minute|hour|day|month|\d+s)(\s*,\s*[1-9]\d*\/(second|minute|hour|day|month|\d+s))*)$/i;
    const PROXY = /^https?:\/\/[^\s\/@]+\/?$/i;
    const PATH = /^(\/|[A-Za-z]:[\\\/])\S/;
    const ON = /^(true|t|1|yes|y)$/i;
    const SWITCHES = ["comments_allowed", "writes_allowed"];
    const INDEXES = /^[a-z0-9][a-z0-9_-]*(\s*,\s*[a-z0-9][a-z0-9_-]*)*$/;
    const THRESHOLDS = /^((hash|url|domain|ip)\.)?(malicious|suspicious)\s*=\s*\d+(\s*[,;]\s*((hash|url|domain|ip)\.)?(malicious|suspicious)\s*=\s*\d+)*$/i;
    const REDIS = /^(rediss?|unix):\/\/[^\s@]+$/i;

    function between(least, most) {
        const message = "Write a number from " + least + " to " + most + ".";
        return function (text) {
            return NUMBER.test(text) && Number(text) >= least && Number(text) <= most ? "" : message;
        };
    }

    function lasting(most) {
        return function (text) {
            const match = TIME.exec(text);
            const seconds = match ? Number(match[1]) * UNIT_S[(match[2] || "s").toLowerCase()] : most + 1;
            return seconds <= most ? "" : "Write seconds, or a time like 90s, 15m, 24h, 7d.";
        };
    }

    function like(pattern, message) {
        return function (text) {
            return text === "" || pattern.test(text) ? "" : message;
        };
    }

    function whole(least, most) {
        const inside = between(least, most);
        return function (text) {
            return /^\d+$/.test(text) ? inside(text) : "Write a whole number from " + least + " to " + most + ".";
        };
    }

    const TEN_YEARS_S = 315360000;
    const GROUPS = [
        {
            title: "API key",
            fields: [{
                name: "api_key", label: "VirusTotal API key", kind: "password",
                hint: "Splunk stores it encrypted, and never shows it again.",
                check: like(/^[!-~]{1,256}$/, "A key has no spaces.")
            }]
        },
        {
            title: "Quota",
            fields: [
                {
                    name: "tier", label: "Quota of the key", kind: "choice",
                    options: [
                        ["public", "Public key"],
                        ["auto", "Automatic: the account's limits, read once a day"],
                        ["premium", "Premium key, or other limits:"]
                    ]
                },
                {
                    name: "quota", label: "Limits", kind: "text",
                    hint: "Like 4/minute,500/day,15500/month. All searches share these limits.",
                    check: function (text) {
                        return WINDOWS.test(text) ? "" : "Write limits like 4/minute,500/day, separated by commas.";
                    }
                }
            ],
            button: ["measure", "Measure from the account"]
        },
        {
            title: "Cache",
            fields: [
                {
                    name: "cache_ttl", label: "Answers are fresh for", unit: "seconds, or like 24h", kind: "time",
                    check: lasting(TEN_YEARS_S)
                },
                {
                    name: "cache_ttl_not_found", label: "\u201cNot found\u201d is fresh for", unit: "seconds, or like 10m",
                    kind: "time", check: lasting(TEN_YEARS_S)
                },
                { name: "cache_size_mb", label: "Maximum size on disk", unit: "MB", kind: "number", check: between(1, 1048576) },
                {
                    name: "pending_max", label: "Maximum length of the queue", unit: "indicators", kind: "number",
                    check: between(0, 100000)
                }
            ]
        },
        {
            title: "Storage of cache and quota",
            fields: [
                {
                    name: "place", label: "Place", kind: "select",
                    options: [
                        ["file", "On this machine"],
                        ["path", "On this machine, in this file:"],
                        ["kvstore", "In Splunk's KV store"],
                        ["redis", "On a Redis server:"]
                    ]
                },
                {
                    name: "state", label: "File or URL", kind: "text",
                    hint: "/opt/state/vtlookup.db, or rediss://redis.example.com:6379/0"
                }
            ]
        },
        {
            title: "Network",
            fields: [
                {
                    name: "proxy", label: "Proxy", kind: "text", hint: "Like http://proxy.example.com:3128; empty for none.",
                    check: like(PROXY, "Write a URL like http://proxy.example.com:3128, without user name and password.")
                },
                {
                    name: "ca_bundle", label: "CA bundle", kind: "text",
                    hint: "A PEM file on this machine, if the proxy has its own CA.",
                    check: like(PATH, "Write the absolute path of a file.")
                }
            ]
        },
        {
            title: "Privacy",
            fields: [{
                name: "never_query", label: "Never look up", kind: "area",
                hint: "Your own domains and networks, one per line. Indicators that are looked up become visible to VirusTotal's " +
                    "community. Private addresses are never sent.",
                check: function (text) {
                    return /[^\s,]*[^\w.:\/*\-\u0080-\uffff,\s][^\s,]*/.test(text) ? "Write domains like corp.example, networks like 192.88.99.0/24." : "";
                }
            }]
        },
        {
            title: "Verdicts",
            fields: [
                { name: "malicious_threshold", label: "Malicious: at least", unit: "engines", kind: "number", check: whole(1, 1000) },
                { name: "suspicious_threshold", label: "Suspicious: at least", unit: "engines", kind: "number", check: whole(1, 1000) },
                {
                    name: "thresholds", label: "For one kind", kind: "text",
                    hint: "Like url.malicious=1, ip.suspicious=2. Kinds are hash, url, domain and ip. Empty: as above.",
                    check: like(THRESHOLDS, "Write thresholds like url.malicious=1, ip.suspicious=2.")
                },
                {
                    name: "trusted_engines", label: "Trusted engines", kind: "text",
                    hint: "Separated by commas. If one of them says malicious, that is the verdict."
                },
                {
                    name: "ignored_engines", label: "Ignored engines", kind: "text",
                    hint: "Separated by commas. They do not count, for instance because of false positives."
                },
                {
                    name: "verdict_by", label: "Decided by", kind: "select",
                    options: [
                        ["engines", "Engines"],
                        ["gti", "Google Threat Intelligence, where it has an assessment"],
                        ["worst", "The worse of both"]
                    ]
                }
            ]
        },
        {
            title: "Alerts, comments and votes",
            fields: [
                {
                    name: "verdict_indexes", label: "Write verdicts to", kind: "text",
                    hint: "Indexes, separated by commas. Alerts that name no index write to the first. Every user with the " +
                        "capability run_vtlookup can write such events. Empty: alerts write nothing.",
                    check: like(INDEXES, "Write names of indexes: lower case letters, digits, _ and -.")
                },
                {
                    name: "comments_allowed", label: "Comments", kind: "select",
                    options: [
                        ["false", "Not allowed"],
                        ["true", "Alerts and users may post public comments"]
                    ]
                },
                {
                    name: "writes_allowed", label: "Votes and rescans", kind: "select",
                    options: [
                        ["false", "Not allowed"],
                        ["true", "Users may vote, rescan, and delete the account's comments"]
                    ]
                }
            ]
        }
    ];
    const FIELDS = {};
    const STEPS = {
        settings: "Settings", network: "Network", certificate: "Certificate", key: "API key", quota: "Quota"
    };

    /* Elements, with their text set as text. */

    function make(tag, attributes, children) {
        const element = document.createElement(tag);
        Object.keys(attributes || {}).forEach(function (name) {
            if (name === "text") {
                element.textContent = attributes.text;
            } else if (attributes[name] !== false) {
                element.setAttribute(name, attributes[name]);
            }
        });
        (children || []).forEach(function (child) {
            element.appendChild(child);
        });
        return element;
    }

    function idOf(name) {
        return "vtlookup-" + name;
    }

    function inputOf(field) {
        const described = idOf(field.name) + "-hint " + idOf(field.name) + "-error";
        const common = { id: idOf(field.name), name: field.name, "aria-describedby": described };
        if (field.kind === "area") {
            return make("textarea", Object.assign({ rows: "4", spellcheck: "false" }, common));
        }
        if (field.kind === "select") {
            return make("select", common, field.options.map(function (option) {
                return make("option", { value: option[0], text: option[1] });
            }));
        }
        const type = field.kind === "password" ? "password" : "text";
        const short = { "class": "vtlookup-short" };
        const mode = field.kind === "number" ? Object.assign({ inputmode: "decimal" }, short) : field.kind === "time" ? short : {};
        return make("input", Object.assign({ type: type, autocomplete: type === "password" ? "new-password" : "off", spellcheck: "false" }, mode, common));
    }

    function rowOf(field) {
        const notes = [
            make("p", { id: idOf(field.name) + "-hint", "class": "vtlookup-hint", text: field.hint || "" }),
            make("p", { id: idOf(field.name) + "-error", "class": "vtlookup-error" })
        ];
        if (field.kind === "choice") {
            const choices = field.options.map(function (option) {
                const id = idOf(field.name + "-" + option[0]);
                return make("label", { "for": id, "class": "vtlookup-choice" }, [
                    make("input", { type: "radio", name: field.name, id: id, value: option[0] }),
                    make("span", { text: option[1] })
                ]);
            });
            return make("div", { "class": "vtlookup-row", role: "radiogroup", "aria-label": field.label }, [
                make("span", { "class": "vtlookup-label", text: field.label }),
                make("div", { "class": "vtlookup-field" }, choices.concat(notes))
            ]);
        }
        const line = [inputOf(field)];
        if (field.unit) {
            line.push(make("span", { "class": "vtlookup-unit", text: field.unit }));
        }
        return make("div", { "class": "vtlookup-row" }, [
            make("label", { "for": idOf(field.name), "class": "vtlookup-label", text: field.label }),
            make("div", { "class": "vtlookup-field" }, [make("div", { "class": "vtlookup-line" }, line)].concat(notes))
        ]);
    }

    function groupOf(group) {
        const children = [make("legend", { text: group.title })];
        group.fields.forEach(function (field) {
            FIELDS[field.name] = field;
            children.push(rowOf(field));
        });
        if (group.button) {
            children.push(make("div", { "class": "vtlookup-row" }, [
                make("span", { "class": "vtlookup-label" }),
                make("div", { "class": "vtlookup-field" }, [
                    make("button", { type: "button", id: idOf(group.button[0]), "class": "vtlookup-button", text: group.button[1] })
                ])
            ]));
        }
        return make("fieldset", {}, children);
    }

    function at(name) {
        return document.getElementById(idOf(name));
    }

    function formOf() {
        return make("form", { novalidate: "", autocomplete: "off" }, GROUPS.map(groupOf).concat([
            make("div", { "class": "vtlookup-actions" }, [
                make("button", { type: "submit", id: idOf("save"), "class": "vtlookup-button vtlookup-primary", text: "Save" }),
                make("button", { type: "button", id: idOf("test"), "class": "vtlookup-button", text: "Test the connection" }),
                make("p", { id: idOf("message"), "class": "vtlookup-message", role: "status", "aria-live": "polite" })
            ]),
            make("ul", { id: idOf("findings"), "class": "vtlookup-findings", "aria-label": "Test of the connection" })
        ]));
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

    function showQuota(quota) {
        const found = quota.toLowerCase() === "auto" ? "auto" : sameWindows(quota, publicQuota) ? "public" : "premium";
        at("tier-" + found).checked = true;
        at("quota").value = found === "premium" ? quota : publicQuota;
    }

    function showState(state) {
        const place = state === "" ? "file" : state === "kvstore" ? "kvstore" : state.indexOf("://") >= 0 ? "redis" : "path";
        at("place").value = place;
        at("state").value = place === "path" || place === "redis" ? state : "";
    }

    function fit() {
        at("quota").disabled = tier() !== "premium";
        at("state").disabled = at("place").value !== "path" && at("place").value !== "redis";
    }

    function show(answer) {
        const settings = answer.settings;
        publicQuota = answer.public_quota;
        Object.keys(FIELDS).forEach(function (name) {
            if (name in settings && name !== "quota" && name !== "state") {
                at(name).value = name === "never_query" ? settings[name].split(/[\s,]+/).join("\n") :
                    SWITCHES.indexOf(name) >= 0 ? String(ON.test(settings[name])) : settings[name];
            }
        });
        showQuota(settings.quota || publicQuota);
        showState(settings.state);
        Array.prototype.forEach.call(at("place").options, function (option) {
            const kind = option.value === "path" ? "file" : option.value;
            option.disabled = answer.states.indexOf(kind) < 0;
        });
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
        if (place === "path" && !PATH.test(found.state)) {
            wrong.state = "Write the absolute path of a file.";
        }
        if (place === "redis" && !REDIS.test(found.state)) {
            wrong.state = "Write a URL like rediss://redis.example.com:6379/0, without a password.";
        }
        return wrong;
    }

    function tellWrong(wrong) {
        let first = null;
        Object.keys(FIELDS).forEach(function (name) {
            const field = at(name);
            document.getElementById(idOf(name) + "-error").textContent = wrong[name] || "";
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
                at("findings").appendChild(make("li", { "class": "vtlookup-" + state, "data-step": finding.about }, [
                    make("strong", { text: STEPS[finding.about] }),
                    make("span", { "class": "vtlookup-mark", text: word }),
                    make("span", { text: finding.ok === false ? finding.text : "" })
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
                root.appendChild(make("p", { "class": "vtlookup-message vtlookup-bad", role: "alert", text: answer.error }));
                return;
            }
            root.appendChild(formOf());
            show(answer);
            root.firstChild.addEventListener("submit", save);
            root.firstChild.addEventListener("change", fit);
            at("test").addEventListener("click", test);
            at("measure").addEventListener("click", measure);
        });
    }

    // The panel may come after this script.
    (function look() {
        const root = document.getElementById("vtlookup-setup");
        if (root) {
            begin(root);
        } else {
            window.setTimeout(look, 50);
        }
    })();
})();
