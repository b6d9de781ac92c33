import type { IDataObject, IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import { actions } from './actions';
import { failedOutcomes, messageOf, outcomeOf } from './outcome';
import type { ResponseDocument } from './outcome';
import { properties } from './properties';

// Requests in one call; the server answers them in order.
const MOST_AT_ONCE = 100;

export class VtConnectors implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'VirusTotal Connectors',
		name: 'vtConnectors',
		icon: { light: 'file:../../icons/vtconnectors.svg', dark: 'file:../../icons/vtconnectors.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{$parameter["operation"]}}',
		description: 'VirusTotal behind one cache and one quota for all tools',
		defaults: { name: 'VirusTotal Connectors' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'vtConnectorsApi', required: true }],
		usableAsTool: true,
		properties,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const count = this.getInputData().length;
		const responses: ResponseDocument[] = [];
		for (let first = 0; first < count; first += MOST_AT_ONCE) {
			const requests = [];
			for (let item = first; item < Math.min(count, first + MOST_AT_ONCE); item++) {
				requests.push(requestOf(this, item));
			}
			responses.push(...(await answers(this, requests)));
		}
		return [responses.map((response, item) => itemOf(this, response, item))];
	}
}

function requestOf(node: IExecuteFunctions, item: number): IDataObject {
	const operation = node.getNodeParameter('operation', item) as string;
	const params: IDataObject = {};
	const given = node.getNodeParameter('additionalFields', item, {}) as IDataObject;
	for (const [name, rules] of Object.entries(actions[operation])) {
		const value = rules.required ? node.getNodeParameter(`${operation}_${name}`, item) : given[name];
		if (value !== undefined && value !== '') {
			params[name] = rules.isList ? listOf(value) : (value as IDataObject);
		}
	}
	const options: IDataObject = { max_wait_s: node.getNodeParameter('maxWait', item, 20) as number };
	return { v: 1, action: operation, params, options };
}

function listOf(value: unknown): string[] {
	const parts = Array.isArray(value) ? value.map(String) : String(value).split(',');
	return parts.map((part) => part.trim()).filter((part) => part !== '');
}

async function answers(node: IExecuteFunctions, requests: IDataObject[]): Promise<ResponseDocument[]> {
	const credentials = await node.getCredentials('vtConnectorsApi');
	const body: string = await node.helpers.httpRequestWithAuthentication.call(node, 'vtConnectorsApi', {
		method: 'POST',
		url: `${String(credentials.server).replace(/\/+$/, '')}/v1/batch`,
		headers: { 'Content-Type': 'application/x-ndjson' },
		body: requests.map((request) => JSON.stringify(request)).join('\n') + '\n',
		encoding: 'text',
		disableFollowRedirect: true,
	});
	const lines = body.split('\n').filter((line) => line !== '');
	if (lines.length !== requests.length) {
		throw new NodeOperationError(node.getNode(), `The server answered ${lines.length} of ${requests.length} requests`, {
			description: 'Check the execution for what was done before you repeat it.',
		});
	}
	return lines.map((line) => JSON.parse(line) as ResponseDocument);
}

function itemOf(node: IExecuteFunctions, response: ResponseDocument, item: number): INodeExecutionData {
	const outcome = outcomeOf(response);
	const stops = node.getNodeParameter('onFailure', item, 'item') === 'stop';
	if (stops && failedOutcomes.includes(outcome) && !node.continueOnFail()) {
		throw new NodeOperationError(node.getNode(), messageOf(response), { itemIndex: item });
	}
	return { json: { outcome, ...response } as IDataObject, pairedItem: { item } };
}
