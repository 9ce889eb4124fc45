import Octets

/// A table of data objects, as the standards have them: tag, name, and what the value is.
struct ObjectTable: Sendable {
    /// What a value is.
    enum Coding: Sendable {
        /// Nothing that has words.
        case octets
        case number
        case aid
        /// UTF-8.
        case text
        case words(@Sendable ([UInt8]) -> String)
        /// Data objects.
        case template(ObjectTable)
        /// A structure of another kind.
        case parts(@Sendable ([UInt8]) -> [TraceField])
    }

    struct Row: Sendable {
        let tag: UInt32
        let name: String
        let coding: Coding

        init(_ tag: UInt32, _ name: String, _ coding: Coding = .octets) {
            (self.tag, self.name, self.coding) = (tag, name, coding)
        }

        func field(_ value: [UInt8]) -> TraceField {
            if value.isEmpty { return TraceField(name, "empty") }
            switch coding {
            case .octets: return TraceField(name, Hex.string(value))
            case .number: return TraceField(name, value.count <= 7 ? "\(value.number)" : Hex.string(value))
            case .aid: return TraceField(name, Templates.named(value))
            case .text: return TraceField(name, Text.utf8(value))
            case .words(let words): return TraceField(name, words(value))
            case .template(let table):
                return table.objects(value).map { TraceField(name, "", $0) } ?? TraceField(name, Hex.string(value))
            case .parts(let parts): return TraceField(name, "", parts(value))
            }
        }
    }

    private let rows: [Row]

    init(_ rows: [Row]) { self.rows = rows }

    /// One table behind another.
    static func + (first: ObjectTable, second: ObjectTable) -> ObjectTable { ObjectTable(first.rows + second.rows) }

    func row(_ tag: UInt32) -> Row? { rows.first { $0.tag == tag } }

    /// An object that is not in the table has its tag for a name.
    func field(_ object: BER.Object) -> TraceField { row(object.tag)?.field(object.value) ?? TLV.field(object) }

    /// The fields of octets that are data objects to the end; nil where they are not.
    func objects(_ octets: [UInt8]) -> [TraceField]? { BER.sequence(octets)?.map(field) }

    /// The fields of what should be data objects.
    func fields(_ octets: [UInt8]) -> [TraceField] { objects(octets) ?? [TraceField("data", Hex.string(octets))] }
}

/// Names by number, the number itself where there is none.
func nameOrHex(_ octet: UInt8, _ names: [UInt8: String]) -> String { names[octet] ?? Hex.string([octet]) }
