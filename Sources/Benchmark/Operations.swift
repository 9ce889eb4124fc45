import ArgumentParser
import Card
import ImageFile
import Octets

/// `operations`: how many program operations a command takes.
struct Operations: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Counts the program operations of the usual commands."
    )

    @Argument(help: "The image file.")
    var image: String

    /// In an order in which each command does what its name says; without a name: to get there.
    private static let commands: [(name: String?, command: String, status: UInt16)] = [
        ("VERIFY PIN, right", "0020000A083535353535353535", 0x9000),
        ("VERIFY PIN, wrong", "0020000A083535353535353534", 0x63C9),
        ("VERIFY PIN, right after a wrong one", "0020000A083535353535353535", 0x9000),
        ("SELECT, FCP", "00A40004026FB0", 0x6118),
        ("SELECT, no data", "00A4000C026FB0", 0x9000),
        ("READ BINARY, 255 octets", "00B00000FF", 0x9000),
        ("UPDATE BINARY, 10 octets in a page", "00D600000A01020304050607080910", 0x9000),
        ("UPDATE BINARY, 10 octets, the same again", "00D600000A01020304050607080910", 0x9000),
        (
            "UPDATE BINARY, 255 octets", "00D60000FF" + String(repeating: "A5", count: 255), 0x9000
        ),
        (nil, "00A4040C10A0000000871002F999FFFF8900000100", 0x9000),
        (
            "AUTHENTICATE",
            "0088008122" + "1000112233445566778899AABBCCDDEEFF" + "103CBC31A4300680004CA20DA19B15B798", 0x6135
        ),
        (nil, "00A4000C026F3C", 0x9000),
        ("READ RECORD, 176 octets", "00B20104B0", 0x9000),
        ("UPDATE RECORD, 176 octets", "00DC0104B0" + String(repeating: "5A", count: 176), 0x9000),
        ("SEARCH RECORD", "00A20104025A5A", 0x6101),
        (nil, "00A4000C026F39", 0x9000),
        ("INCREASE", "803200000300000100", 0x6106),
        ("DEACTIVATE FILE", "00040000", 0x9000),
        ("ACTIVATE FILE", "00440000", 0x9000),
        ("CHANGE PIN", "0024000A1035353535353535353535353535353535", 0x9000),
        ("STATUS", "80F2000C", 0x9000),
        (nil, "00A4000C023F00", 0x9000),
        ("CREATE FILE, EF of 255 octets", "00E000001862168202412183026FB28A01058B032F0601800200FF8800", 0x9000),
        ("DELETE FILE", "00E40000026FB2", 0x9000),
    ]

    func run() throws {
        let subject = try Subject(on: CardImage(file: image))
        var before = subject.operations
        subject.powerOn()
        report("power-on", [subject.operations - before])
        for (name, text, status) in Self.commands {
            guard let command = Hex.octets(text) else { throw Failure(description: "not hexadecimal: \(text)") }
            before = subject.operations
            let received = subject.send(command)
            guard received == status else {
                throw Failure(description: "\(text.prefix(16)): \(received.hexadecimal), not \(status.hexadecimal)")
            }
            if let name { report(name, [subject.operations - before]) }
        }
    }
}
