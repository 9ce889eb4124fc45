import Card
import Octets
import Testing

/// A row of a table of the standard: a condition, a command under it, and the response.
typealias Row = (condition: String, command: String, response: String)

extension TestCard {
    /// Sends the commands one after the other, and expects the responses.
    func answers(_ rows: [Row], sourceLocation: SourceLocation = #_sourceLocation) throws {
        for row in rows {
            let response = try send(row.command)
            #expect(response == row.response, "\(row.condition): \(row.command)", sourceLocation: sourceLocation)
        }
    }

    /// A card on which ADM1 and PIN 01 are verified.
    static func verified(_ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws -> TestCard {
        let card = try TestCard(transmissionProtocol)
        try card.answers([
            ("ADM1", CardTests.verifyADM, "9000"), ("PIN 01", CardTests.verify, "9000"),
        ])
        return card
    }
}

/// Commands and templates in hexadecimal.
enum Build {
    /// A BER-TLV object with a value of up to 255 octets.
    static func object(_ tag: String, _ value: String) -> String {
        let count = UInt8(truncatingIfNeeded: (Hex.octets(value) ?? []).count)
        return tag + (count < 0x80 ? "" : "81") + Hex.string([count]) + value
    }

    /// A command with a data field.
    static func command(_ header: String, _ data: String) -> String {
        header + Hex.string([UInt8(truncatingIfNeeded: (Hex.octets(data) ?? []).count)]) + data
    }

    /// Rules that allow everything, INCREASE and RESIZE FILE too.
    static let everything = object("AB", "80017F9000" + "840232D49000")

    /// CREATE FILE for an EF, below the current DF.
    static func createEF(
        _ identifier: String,
        _ descriptor: String = "4121",
        size: String,
        rules: String = everything,
        short: String? = "",
        more: String = ""
    ) -> String {
        var fields = object("82", descriptor) + object("83", identifier) + object("8A", "05") + rules
        fields += object("80", size) + more
        if let short { fields += object("88", short) }
        return command("00E00000", object("62", fields))
    }

    /// CREATE FILE for a DF.
    static func createDF(_ identifier: String, descriptor: String = "7821", more: String = "") -> String {
        let fields = object("82", descriptor) + object("83", identifier) + object("8A", "05") + everything + more
        return command("00E00000", object("62", fields))
    }

    /// CREATE FILE with the members of the FCP template as they are.
    static func create(_ members: String...) -> String { command("00E00000", object("62", members.joined())) }

    /// RESIZE FILE.
    static func resize(_ identifier: String, _ fields: String) -> String {
        command("80D40000", object("62", object("83", identifier) + fields))
    }
}
