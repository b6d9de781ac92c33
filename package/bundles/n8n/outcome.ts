export interface ResponseDocument {
	status: string;
	summary: string;
	error: null | { code: string; message: string; retry_after_s: null | number };
	[name: string]: unknown;
}

const byStatus: Record<string, string> = 'BY_STATUS';
const byCode: Record<string, string> = 'BY_CODE';

// The outcomes that are no answers.
export const failedOutcomes: string[] = 'FAILURES';

export function outcomeOf(response: ResponseDocument): string {
	return byStatus[response.status] ?? byCode[response.error?.code ?? ''] ?? 'FAILED';
}

export function messageOf(response: ResponseDocument): string {
	const { error } = response;
	if (!error) return response.summary;
	const after = error.retry_after_s;
	return `${error.code}: ${error.message}` + (after === null ? '' : ` Try again in ${Math.ceil(after)} s.`);
}
