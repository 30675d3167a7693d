export async function measurePolling() { return { figures: {}, text: '' } }
