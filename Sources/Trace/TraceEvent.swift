import Octets

/// What happens between a terminal and a card.
public enum TraceEvent: Equatable, Sendable {
    /// The card has been given power. The answer to reset is empty where it is not known.
    case powerOn(answerToReset: [UInt8])
    /// A warm reset.
    case warmReset(answerToReset: [UInt8])
    /// The power has been taken away.
    case powerOff
    /// A command APDU and its response APDU, as they were.
    case command([UInt8], response: [UInt8])
}

/// An event, as a recording has it.
public struct TraceRecord: Equatable, Sendable {
    /// When it was: microseconds since 1970; nil where the recording does not say it.
    public var time: UInt64?
    /// Which card of several.
    public var card: Int?
    /// What happened.
    public var event: TraceEvent

    /// Makes a record.
    public init(time: UInt64? = nil, card: Int? = nil, _ event: TraceEvent) {
        self.time = time
        self.card = card
        self.event = event
    }
}

/// An exchange of a secure channel session, from someone who has keys.
public struct ClearExchange: Equatable, Sendable {
    /// What they have said of it.
    public enum Finding: Equatable, Sendable {
        /// The command and the response stand here in the clear.
        case deciphered
        /// A MAC or the padding is wrong; command and response say nothing.
        case notGenuine
        /// A session begins with other keys; command and response say nothing.
        case otherKeys
    }

    /// The command APDU without secure messaging; of one that came in segments, with all of its data field.
    public var command: [UInt8]
    /// The response APDU without secure messaging; all of it where GET RESPONSE has fetched the last part.
    public var response: [UInt8]
    /// What the keys have said.
    public var finding: Finding

    /// Makes an exchange.
    public init(command: [UInt8], response: [UInt8], _ finding: Finding) {
        self.command = command
        self.response = response
        self.finding = finding
    }
}

/// A value that was decoded, with what is inside it.
public struct TraceField: Equatable, Sendable, Encodable {
    /// What the standard calls it.
    public var name: String
    /// The value in words, or in hexadecimal where there are none; empty where `fields` say it.
    public var value: String
    /// What it is made of.
    public var fields: [TraceField]

    /// Makes a field.
    public init(_ name: String, _ value: String = "", _ fields: [TraceField] = []) {
        self.name = name
        self.value = value
        self.fields = fields
    }

    private enum Key: String, CodingKey { case name, value, fields }

    /// Leaves out what is empty.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        if !value.isEmpty { try container.encode(value, forKey: .value) }
        if !fields.isEmpty { try container.encode(fields, forKey: .fields) }
    }
}

extension [TraceField] {
    /// All of it in a few words.
    var summary: String {
        map { field in
            if !field.value.isEmpty { return "\(field.name) \(field.value)" }
            return field.fields.isEmpty ? field.name : "\(field.name) (\(field.fields.summary))"
        }
        .joined(separator: ", ")
    }
}
