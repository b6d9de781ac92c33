// Executes the built node once, as n8n does: `node n8n_step.js FOLDER` with {"server", "token", "items"} on stdin,
// where each item has the node's parameters. Prints the items that come out, or {"error", "item"}.
const [folder] = process.argv.slice(2);
const { VtConnectors } = require(`${folder}/dist/nodes/VtConnectors/VtConnectors.node.js`);
const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));

async function httpRequestWithAuthentication(credential, options) {
	const headers = { ...options.headers, Authorization: `Bearer ${given.token}` };
	const reply = await fetch(options.url, { method: options.method, headers, body: options.body, redirect: 'error' });
	if (!reply.ok) throw new Error(`HTTP status ${reply.status}`);
	return await reply.text();
}

const step = {
	getInputData: () => given.items.map(() => ({ json: {} })),
	getNodeParameter: (name, item, fallback) => given.items[item][name] ?? fallback,
	getCredentials: async () => ({ server: given.server, token: given.token }),
	getNode: () => ({ name: 'step', type: 'vtConnectors' }),
	continueOnFail: () => false,
	helpers: { httpRequestWithAuthentication },
};

new VtConnectors().execute.call(step).then(
	([items]) => console.log(JSON.stringify(items)),
	(error) => console.log(JSON.stringify({ error: error.message, item: error.context?.itemIndex ?? null })),
);
