// Draws a page as Splunk Web does, from its definition. Tests read `window.complaints`.
import React from "react";
import { createRoot } from "react-dom/client";
import DashboardCore from "@splunk/dashboard-core";
import { DashboardContextProvider } from "@splunk/dashboard-context";
import EnterpriseViewOnlyPreset from "@splunk/dashboard-presets/EnterpriseViewOnlyPreset";
import { createSchemaBasedOnPresets } from "@splunk/dashboard-definition/DashboardSchema";
import SplunkThemeProvider from "@splunk/themes/SplunkThemeProvider";

const e = React.createElement;
let root = null;
// Without workers, Splunk's code validates in the page itself: the schema is compiled once and not for each drawing, and
// the complaints are there with the drawing.
delete window.Worker;

// `page` is the name of a view, `search` the query of its address. Loading the renderer takes seconds, drawing does not,
// so tests draw several pages without loading it again. Splunk's code reads the tokens from the window's address.
window.draw = async (page, search) => {
    root?.unmount();
    window.history.replaceState(null, "", `${page}?${search}`);
    window.complaints = [];
    document.documentElement.dataset.theme = new URLSearchParams(search).get("theme");
    const definition = await (await fetch(`/definitions/${page}`)).json();
    const provided = {
        preset: EnterpriseViewOnlyPreset,
        initialDefinition: definition,
        initialMode: "view",
    };
    const core = e(DashboardCore, {
        width: "100%",
        height: "auto",
        onValidationError: (errors) => window.complaints.push(JSON.stringify(errors)),
    });
    const colorScheme = document.documentElement.dataset.theme;
    const theme = { family: "enterprise", colorScheme, density: "comfortable" };
    root = createRoot(document.getElementById("page"));
    root.render(e(SplunkThemeProvider, theme, e(DashboardContextProvider, provided, core)));
};

window.schema = () => createSchemaBasedOnPresets(EnterpriseViewOnlyPreset);
window.draw(window.location.pathname.split("/").pop(), window.location.search.slice(1));
