export async function measureFanOut() { return { figures: {}, text: '' } }
