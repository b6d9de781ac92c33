/* The fields of the setup page, by group, and what each may contain. The server checks all values; the checks here only
   save a request. */
(function () {
    "use strict";

    const TIME = /^(\d{1,12}(?:\.\d{1,9})?)\s*(ms|[smhdw])?$/i;
    const UNIT_S = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
    const NUMBER = /^\d+(\.\d+)?$/;
    const WINDOWS = /^(none|auto|[1-9]\d*\/(second|minute|hour|day|month|\d+s)(\s*,\s*[1-9]\d*\/(second|minute|hour|day|month|\d+s))*)$/i;
    const PROXY = /^https?:\/\/[^\s\/@]+\/?$/i;
    const PATH = /^(\/|[A-Za-z]:[\\\/])\S/;
    const INDEXES = /^[a-z0-9][a-z0-9_-]*(\s*,\s*[a-z0-9][a-z0-9_-]*)*$/;
    const THRESHOLDS = /^((hash|url|domain|ip)\.)?(malicious|suspicious)\s*=\s*\d+(\s*[,;]\s*((hash|url|domain|ip)\.)?(malicious|suspicious)\s*=\s*\d+)*$/i;

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
    // Of VirusTotal: https://docs.virustotal.com/reference/authentication and /reference/public-vs-premium-api
    const KEY_PAGE = "https://www.virustotal.com/gui/my-apikey";
    const TERMS_PAGE = "https://docs.virustotal.com/reference/public-vs-premium-api";

    const API_KEY = {
        title: "API key",
        fields: [{
            name: "api_key", label: "VirusTotal API key", kind: "password",
            hint: "Splunk stores it encrypted, and never shows it again.",
            links: [["Where to find your key: VirusTotal's user menu, API key", KEY_PAGE]],
            check: like(/^[!-~]{1,256}$/, "A key has no spaces.")
        }]
    };

    const QUOTA = {
        title: "Limits of the key",
        fields: [
            {
                name: "tier", label: "Kind of key", kind: "choice",
                options: [
                    ["public", "Public API, free of charge"],
                    ["auto", "Read the limits from the account, once a day"],
                    ["premium", "Premium API, or other limits:"]
                ],
                hint: "The public API must not be used in commercial products, services or business workflows.",
                links: [["VirusTotal's terms: public and premium API", TERMS_PAGE]]
            },
            {
                name: "quota", label: "Most requests", kind: "text",
                hint: "Like 1000/minute,30000/day. All searches and alerts together send no more.",
                check: function (text) {
                    return WINDOWS.test(text) ? "" : "Write limits like 4/minute,500/day, separated by commas.";
                }
            }
        ],
        button: ["measure", "Fill in the account's limits now"]
    };

    const CACHE = {
        title: "Cache and queue",
        fields: [
            {
                name: "cache_ttl", label: "Reuse an answer for", unit: "seconds, or like 24h", kind: "time",
                hint: "After that, the next search looks the indicator up again.",
                check: lasting(TEN_YEARS_S)
            },
            {
                name: "cache_ttl_not_found", label: "The same for unknown indicators", unit: "seconds, or like 10m",
                kind: "time", hint: "VirusTotal may learn about them soon.", check: lasting(TEN_YEARS_S)
            },
            {
                name: "cache_size_mb", label: "Largest cache on disk", unit: "MB", kind: "number",
                hint: "The least recently used answers are removed first.", check: between(1, 1048576)
            },
            {
                name: "pending_max", label: "Longest queue", unit: "indicators", kind: "number",
                hint: "Indicators that found no quota wait in it for the command vtdrain. 0: no queue.",
                check: between(0, 100000)
            }
        ]
    };

    const STORAGE = {
        title: "Storage of cache, queue and used quota",
        fields: [
            {
                name: "place", label: "Store them", kind: "select",
                options: [
                    ["file", "in a file on this search head"],
                    ["path", "in a file on this search head that you name:"],
                    ["kvstore", "in Splunk's KV store, for all members of a search head cluster"]
                ]
            },
            {
                name: "state", label: "File", kind: "text", hint: "An absolute path, like /opt/state/vtlookup.db",
                check: like(PATH, "Write the absolute path of a file.")
            }
        ]
    };

    const NETWORK = {
        title: "Network",
        fields: [
            {
                name: "proxy", label: "Proxy", kind: "text", hint: "Like http://proxy.example.com:3128; empty for none.",
                check: like(PROXY, "Write a URL like http://proxy.example.com:3128, without user name and password.")
            },
            {
                name: "ca_bundle", label: "CA certificates", kind: "text",
                hint: "A PEM file on this search head, like /opt/certs/ca.pem, if the proxy has a CA of its own. Empty: public CAs.",
                check: like(PATH, "Write the absolute path of a file.")
            }
        ]
    };

    const PRIVACY = {
        title: "Privacy",
        fields: [{
            name: "never_query", label: "Never look up", kind: "area",
            hint: "Your own domains and networks, one per line, like corp.example or 192.88.99.0/24. Indicators that are looked up " +
                "become visible to VirusTotal's community. Private addresses are never sent.",
            check: function (text) {
                return /[^\s,]*[^\w.:\/*\-\u0080-\uffff,\s][^\s,]*/.test(text) ? "Write domains like corp.example, networks like 192.88.99.0/24." : "";
            }
        }]
    };

    const VERDICTS = {
        title: "Verdicts",
        fields: [
            {
                name: "malicious_threshold", label: "Malicious if at least", unit: "engines say malicious", kind: "number",
                check: whole(1, 1000)
            },
            {
                name: "suspicious_threshold", label: "Suspicious if at least", unit: "engines say malicious or suspicious",
                kind: "number", check: whole(1, 1000)
            },
            {
                name: "thresholds", label: "Other numbers for one type", kind: "text",
                hint: "Like url.malicious=1, ip.suspicious=2. Types are hash, url, domain and ip. Empty: as above.",
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
                name: "verdict_by", label: "The verdict is that of", kind: "select",
                options: [
                    ["engines", "the engines"],
                    ["gti", "Google Threat Intelligence, or of the engines where it has none"],
                    ["worst", "the engines or Google Threat Intelligence, whichever is worse"]
                ],
                hint: "Google Threat Intelligence needs a licence."
            }
        ]
    };

    const WRITING = {
        title: "Alerts, comments and votes",
        fields: [
            {
                name: "verdict_indexes", label: "Indexes for alerts' verdicts", kind: "text",
                hint: "Separated by commas. The alert action VirusTotal lookup writes to the first, unless an alert names another " +
                    "of them. Every user with the capability run_vtlookup can write such events. Empty: alerts write nothing.",
                check: like(INDEXES, "Write names of indexes: lower case letters, digits, _ and -.")
            },
            {
                name: "comments_allowed", label: "Public comments", kind: "select",
                options: [
                    ["false", "Nobody may post them"],
                    ["true", "Users with the capability run_vtlookup_write, and their alerts, may post them"]
                ],
                hint: "Everyone can read them, under the name of the key's account."
            },
            {
                name: "writes_allowed", label: "Votes, rescans, deletions", kind: "select",
                options: [
                    ["false", "Nobody may send them"],
                    ["true", "Users with the capability run_vtlookup_write may send them"]
                ],
                hint: "Votes and rescans are visible to others. Only the account's own comments can be deleted."
            }
        ]
    };

    const ALL = { GROUPS: [API_KEY, QUOTA, CACHE, STORAGE, NETWORK, PRIVACY, VERDICTS, WRITING] };
    window.vtlookupSetup = Object.assign(window.vtlookupSetup || {}, ALL);
})();
