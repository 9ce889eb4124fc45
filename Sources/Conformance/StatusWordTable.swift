/// Which status words a command may be answered with, as the standard's tables say.
struct CommandStatusWords: Sendable {
    /// The name of the command.
    let name: String
    /// The class octet without channel, and the instruction code.
    let cla: UInt8
    let ins: UInt8
    /// Where the standard describes it.
    let clause: String
    /// Four digits each; X is any digit. What all commands have in common is not among them.
    let statusWords: [String]
    /// Why none of them can be shown; nil: they can.
    let obstacle: String?

    init(
        _ name: String,
        _ cla: UInt8,
        _ ins: UInt8,
        _ clause: String,
        _ statusWords: String,
        obstacle: String? = nil
    ) {
        self.name = name
        self.cla = cla
        self.ins = ins
        self.clause = clause
        self.statusWords = statusWords.split(separator: " ").map(String.init)
        self.obstacle = obstacle
    }

    /// Its own, and those of all commands: a wrong length, and what the class octet can get wrong.
    var all: [String] {
        Self.common + statusWords.filter { !Self.common.contains($0) }
    }

    static let common = ["9000", "6700", "6881", "6882", "6E00"]
}

/// TS 102 221 table 10.16 (V17.1.0) with the clauses of the commands, and TS 102 222 clause 6; those status words that
/// the clauses give a reason for. What TS 102 221 marks for every command without one is in `unreachable`.
enum StatusWordTable {
    static let commands = [
        CommandStatusWords("SELECT", 0x00, 0xA4, "TS 102 221 11.1.1", "61XX 6283 6285 6985 6A82 6A86"),
        CommandStatusWords("STATUS", 0x80, 0xF2, "TS 102 221 11.1.2", "6CXX 6985 6A86 6A88"),
        CommandStatusWords(
            "READ BINARY",
            0x00,
            0xB0,
            "TS 102 221 11.1.3",
            "6CXX 6282 6981 6982 6984 6985 6986 6A82 6A86 6B00"
        ),
        CommandStatusWords(
            "UPDATE BINARY",
            0x00,
            0xD6,
            "TS 102 221 11.1.4",
            "6981 6982 6984 6985 6986 6A82 6A86 6B00"
        ),
        CommandStatusWords(
            "READ RECORD",
            0x00,
            0xB2,
            "TS 102 221 11.1.5",
            "6CXX 6981 6982 6984 6985 6986 6A82 6A83 6A86"
        ),
        CommandStatusWords(
            "UPDATE RECORD",
            0x00,
            0xDC,
            "TS 102 221 11.1.6",
            "6981 6982 6984 6985 6986 6A82 6A83 6A86"
        ),
        CommandStatusWords(
            "SEARCH RECORD",
            0x00,
            0xA2,
            "TS 102 221 11.1.7",
            "61XX 6282 6981 6982 6984 6985 6986 6A80 6A82 6A83 6A86"
        ),
        CommandStatusWords(
            "INCREASE",
            0x80,
            0x32,
            "TS 102 221 11.1.8",
            "61XX 6981 6982 6984 6985 6986 6A82 6A86 9850"
        ),
        CommandStatusWords("VERIFY PIN", 0x00, 0x20, "TS 102 221 11.1.9", "63CX 6983 6984 6A86 6A88"),
        CommandStatusWords("CHANGE PIN", 0x00, 0x24, "TS 102 221 11.1.10", "63CX 6983 6984 6A86 6A88"),
        CommandStatusWords("DISABLE PIN", 0x00, 0x26, "TS 102 221 11.1.11", "63CX 6983 6984 6A86 6A88"),
        CommandStatusWords("ENABLE PIN", 0x00, 0x28, "TS 102 221 11.1.12", "63CX 6983 6984 6A86 6A88"),
        CommandStatusWords("UNBLOCK PIN", 0x00, 0x2C, "TS 102 221 11.1.13", "63CX 6983 6A86 6A88"),
        CommandStatusWords("DEACTIVATE FILE", 0x00, 0x04, "TS 102 221 11.1.14", "6982 6985 6986 6A82 6A86"),
        CommandStatusWords("ACTIVATE FILE", 0x00, 0x44, "TS 102 221 11.1.15", "6982 6985 6986 6A82 6A86"),
        CommandStatusWords(
            "AUTHENTICATE",
            0x00,
            0x88,
            "TS 102 221 11.1.16",
            "61XX 6982 6983 6985 6A86 9862 9864"
        ),
        CommandStatusWords("MANAGE CHANNEL", 0x00, 0x70, "TS 102 221 11.1.17", "6CXX 6985 6A81 6A86"),
        CommandStatusWords("GET CHALLENGE", 0x00, 0x84, "TS 102 221 11.1.18", "6A86"),
        CommandStatusWords("TERMINAL CAPABILITY", 0x80, 0xAA, "TS 102 221 11.1.19", "6A80 6A86"),
        CommandStatusWords(
            "MANAGE SECURE CHANNEL",
            0x00,
            0x73,
            "TS 102 221 11.1.20",
            "61XX 6985 6A80 6A86",
            obstacle: "the card has no secure channels of TS 102 484"
        ),
        CommandStatusWords(
            "TRANSACT DATA",
            0x00,
            0x75,
            "TS 102 221 11.1.21",
            "61XX 6985 6A80 6A86",
            obstacle: "the card has no secure channels of TS 102 484"
        ),
        CommandStatusWords("SUSPEND UICC", 0x80, 0x76, "TS 102 221 11.1.22", "61XX 6982 6985 6A80 6A86 9864"),
        CommandStatusWords("GET IDENTITY", 0x80, 0x78, "TS 102 221 11.1.23", "6CXX 6982 6985 6A81 6A86 6A88"),
        CommandStatusWords("TERMINAL PROFILE", 0x80, 0x10, "TS 102 221 11.2.1", "6A86"),
        CommandStatusWords("ENVELOPE", 0x80, 0xC2, "TS 102 221 11.2.2", "6A80 6A86 9300"),
        CommandStatusWords("FETCH", 0x80, 0x12, "TS 102 221 11.2.3", "6CXX 6985 6A86"),
        CommandStatusWords("TERMINAL RESPONSE", 0x80, 0x14, "TS 102 221 11.2.4", "6A80 6A86"),
        CommandStatusWords(
            "RETRIEVE DATA",
            0x80,
            0xCB,
            "TS 102 221 11.3.1",
            "61XX 62F1 62F3 6981 6982 6984 6985 6986 6A80 6A82 6A86 6A88"
        ),
        CommandStatusWords(
            "SET DATA",
            0x80,
            0xDB,
            "TS 102 221 11.3.2",
            "63F1 6981 6982 6984 6985 6986 6A80 6A82 6A84 6A86 6A88"
        ),
        CommandStatusWords("GET RESPONSE", 0x00, 0xC0, "TS 102 221 12.1.1", "61XX 62F1 6CXX 6985 6A86"),
        CommandStatusWords(
            "CREATE FILE",
            0x00,
            0xE0,
            "TS 102 222 6.3",
            "6982 6985 6A80 6A84 6A86 6A89 6A8A"
        ),
        CommandStatusWords("DELETE FILE", 0x00, 0xE4, "TS 102 222 6.4", "6982 6985 6A82 6A86"),
        CommandStatusWords("TERMINATE DF", 0x00, 0xE6, "TS 102 222 6.7", "6981 6982 6985 6A82 6A86"),
        CommandStatusWords("TERMINATE EF", 0x00, 0xE8, "TS 102 222 6.8", "6981 6982 6985 6A82 6A86"),
        CommandStatusWords("TERMINATE CARD USAGE", 0x00, 0xFE, "TS 102 222 6.9", "6982 6985 6A86"),
        CommandStatusWords(
            "RESIZE FILE",
            0x80,
            0xD4,
            "TS 102 222 6.10",
            "6981 6982 6984 6985 6A80 6A82 6A84 6A86"
        ),
    ]

    private static let noProactiveCommand =
        "no application of the card sends proactive commands; Tests/RemoteManagementTests shows it"

    /// Why a pair of the table cannot be shown by any transcript.
    static let obstacles: [Obstacle] = [
        Obstacle(
            "AUTHENTICATE",
            "6983",
            "no profile package here counts authentications; Tests/TelecomTests shows it"
        ),
        Obstacle(
            "GET IDENTITY",
            "6A88",
            "no profile package here has a USIM without IMSI; Tests/TelecomTests shows it"
        ),
        Obstacle("ENVELOPE", "9300", "the card is never too busy for an envelope"),
        Obstacle("FETCH", "9000", noProactiveCommand),
        Obstacle("FETCH", "6CXX", noProactiveCommand),
        Obstacle("GET RESPONSE", "6E00", "it has every class: an unknown one is not that command"),
        Obstacle("GET RESPONSE", "6882", "it belongs to the transmission: it comes with secure messaging as well"),
    ]

    struct Obstacle: Sendable {
        let command: String
        let statusWord: String
        let reason: String

        init(_ command: String, _ statusWord: String, _ reason: String) {
            self.command = command
            self.statusWord = statusWord
            self.reason = reason
        }
    }

    /// Status words that table 10.16 marks for (nearly) every command, and why the card gives none of them.
    static let unreachable: [(statusWord: String, reason: String)] = [
        ("91XX", noProactiveCommand),
        ("6200", "the card has no warning without a number of its own"),
        ("6281", "no data can be corrupted: the image is checked when the card starts"),
        ("62F2, 63F2", "as 91XX"),
        ("6400", "kept for damaged images, which Tests/CardTests and Tests/FaultTests make"),
        ("6500, 6581", "a command that cannot be finished is rolled back"),
        ("67XX", "for XX other than 00: the card has no meaning for it"),
        ("6800, 6900", "the card always says which: 6881, 6882, 6981 to 6986"),
        ("6D00", "an instruction code that the card does not have is none of these commands: classes.apdu shows it"),
        ("6FXX", "kept for faults of the card itself"),
    ]
}
