/// STORE DATA under way.
struct StoredData {}
