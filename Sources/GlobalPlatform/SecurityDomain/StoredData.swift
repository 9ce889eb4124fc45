/// STORE DATA under way.
struct StoredData {}
/// LOAD under way.
struct LoadSession {}
