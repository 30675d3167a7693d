export async function measureReading() { return { figures: {}, text: '' } }
