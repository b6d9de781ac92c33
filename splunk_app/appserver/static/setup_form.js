/* Makes the form of the setup page from the fields. Texts are set as text, so nothing in them becomes part of the page. */
(function () {
    "use strict";

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

    function notesOf(field) {
        const links = (field.links || []).map(function (link) {
            return make("p", { "class": "vtlookup-hint" }, [
                make("a", { href: link[1], target: "_blank", rel: "noopener noreferrer", text: link[0] })
            ]);
        });
        return [make("p", { id: idOf(field.name) + "-hint", "class": "vtlookup-hint", text: field.hint || "" })].concat(links, [
            make("p", { id: idOf(field.name) + "-error", "class": "vtlookup-error" })
        ]);
    }

    function rowOf(field) {
        const notes = notesOf(field);
        if (field.kind === "choice") {
            const choices = field.options.map(function (option) {
                const id = idOf(field.name + "-" + option[0]);
                return make("label", { "for": id, "class": "vtlookup-choice" }, [
                    make("input", { type: "radio", name: field.name, id: id, value: option[0] }),
                    make("span", { id: id + "-label", text: option[1] })
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

    function formOf(groups) {
        return make("form", { novalidate: "", autocomplete: "off" }, groups.map(groupOf).concat([
            make("div", { "class": "vtlookup-actions" }, [
                make("button", { type: "submit", id: idOf("save"), "class": "vtlookup-button vtlookup-primary", text: "Save" }),
                make("button", { type: "button", id: idOf("test"), "class": "vtlookup-button", text: "Test the connection" }),
                make("p", { id: idOf("message"), "class": "vtlookup-message", role: "status", "aria-live": "polite" })
            ]),
            make("ul", { id: idOf("findings"), "class": "vtlookup-findings", "aria-label": "Test of the connection" })
        ]));
    }

    window.vtlookupSetup = Object.assign(window.vtlookupSetup || {}, { make: make, idOf: idOf, formOf: formOf });
})();
