import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

export class VtConnectorsApi implements ICredentialType {
	name = 'vtConnectorsApi';

	displayName = 'VirusTotal Connectors API';

	icon: Icon = { light: 'file:../icons/vtconnectors.svg', dark: 'file:../icons/vtconnectors.dark.svg' };

	documentationUrl = 'https://docs.virustotal.com/docs/api-overview';

	properties: INodeProperties[] = [
		{
			displayName: 'Server',
			name: 'server',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'https://vt.example.com',
			description: 'Address of your "vtaction serve", without a slash at the end',
		},
		{
			displayName: 'Token',
			name: 'token',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description: 'Made by "vtaction serve token add n8n". It is not the key of VirusTotal.',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: { headers: { Authorization: '=Bearer {{$credentials.token}}' } },
	};

	test: ICredentialTestRequest = {
		request: { baseURL: '={{$credentials.server}}', url: '/v1/quota' },
	};
}
