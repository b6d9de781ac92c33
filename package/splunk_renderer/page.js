// Draws the definition at /definition.json as Splunk Web does. Tests read `window.complaints` and `window.tokens`.
import React from "react";
import { createRoot } from "react-dom/client";
import DashboardCore from "@splunk/dashboard-core";
import { DashboardContextProvider } from "@splunk/dashboard-context";
import EnterpriseViewOnlyPreset from "@splunk/dashboard-presets/EnterpriseViewOnlyPreset";
import { createSchemaBasedOnPresets } from "@splunk/dashboard-definition/DashboardSchema";
import { mapURLToTokens } from "@splunk/dashboard-utils";
import SplunkThemeProvider from "@splunk/themes/SplunkThemeProvider";

window.complaints = [];
window.schema = () => createSchemaBasedOnPresets(EnterpriseViewOnlyPreset);

const e = React.createElement;
const colorScheme = new URLSearchParams(window.location.search).get("theme") || "light";

async function draw() {
    const definition = await (await fetch(`${window.location.pathname}/definition.json`)).json();
    const provided = {
        preset: EnterpriseViewOnlyPreset,
        initialDefinition: definition,
        initialMode: "view",
        initialTokenBinding: mapURLToTokens({ search: window.location.search }),
    };
    const core = e(DashboardCore, {
        width: "100%",
        height: "auto",
        onValidationError: (errors) => window.complaints.push(JSON.stringify(errors)),
    });
    const page = e(DashboardContextProvider, provided, core);
    const theme = { family: "enterprise", colorScheme, density: "comfortable" };
    createRoot(document.getElementById("page")).render(e(SplunkThemeProvider, theme, page));
}

draw();
