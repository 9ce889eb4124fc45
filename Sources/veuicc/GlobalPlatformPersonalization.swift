import ArgumentParser
import CardCrypto
import CardManagement
import Octets

struct GlobalPlatformPutKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put-key",
        abstract: "Puts new keys into the security domain, or in the place of others.",
        discussion: """
            veuicc gp put-key --kind aes --new-version 31 101112...1F 202122...2F 303132...3F --image card.img
            veuicc gp put-key --kind ec-public --new-version 10 --identifier 10 04... --image card.img
            """
    )

    @Argument(help: "The keys in hexadecimal, by identifiers that follow each other.")
    var newKeys: [HexArgument]

    @Option(help: "What the keys are.")
    var kind = NewKey.Kind.aes

    @Option(help: "The version that the keys get, in hexadecimal.")
    var newVersion: HexArgument

    @Option(help: "The version that they take the place of, in hexadecimal.")
    var replace: HexArgument?

    @Option(help: "The identifier of the first key, in hexadecimal.")
    var identifier = HexArgument(octet: 0x01)

    // Optional: of a default the help would show the number.
    @Option(help: "The curve of keys of an elliptic curve; p256 unless said otherwise.")
    var curve: Curve?

    @OptionGroup var session: SessionOptions

    func run() throws {
        let version = try newVersion.octet("--new-version")
        let replaced = try replace?.octet("--replace") ?? 0x00
        let identifier = try identifier.octet("--identifier")
        for key in newKeys where !kind.takes(key.octets.count) {
            throw Failure(
                .usage,
                description: "length \(key.octets.count) is not that of a key of the type \(kind.rawValue)"
            )
        }
        try session.withSession { manager in
            try manager.putKeys(
                kind,
                newKeys.map(\.octets),
                curve: curve ?? .p256,
                version: version,
                replacing: replaced,
                identifier: identifier
            )
        }
    }
}

extension HexArgument {
    init(octet: UInt8) { octets = [octet] }

    /// The octets, as the help shows a default.
    var defaultValueDescription: String { Hex.string(octets) }
}

extension NewKey.Kind: ExpressibleByArgument {}

extension Curve: ExpressibleByArgument {
    private var name: String {
        switch self {
        case .p256: "p256"
        case .brainpoolP256r1: "brainpoolP256r1"
        case .frp256v1: "frp256v1"
        }
    }

    /// The curve with this name, in capitals or not.
    public init?(argument: String) {
        guard let curve = Curve.allCases.first(where: { $0.name.lowercased() == argument.lowercased() }) else {
            return nil
        }
        self = curve
    }

    /// The names, as the help shows them.
    public static var allValueStrings: [String] { allCases.map(\.name) }

    /// None: a name says it.
    public static var allValueDescriptions: [String: String] { [:] }
}

struct GlobalPlatformStoreData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-data",
        abstract: "Sends STORE DATA to the security domain, or to an application that it personalizes.",
        discussion: """
            veuicc gp store-data 420489100100 --image card.img
            veuicc gp store-data 9F7004... --structure dgi --application A0000000030001 --image card.img
            """
    )

    @Argument(help: "The data in hexadecimal; they are sent in as many blocks as it takes.")
    var data: HexArgument

    @Option(help: "What they look like: none, dgi or ber.")
    var structure = CardManager.DataStructure.ber

    @Option(help: "Whether they are enciphered already: none, application (it knows) or encrypted.")
    var encryption = CardManager.DataEncryption.none

    @Option(help: "The AID of the application that the data are for: INSTALL [for personalization] comes first.")
    var application: HexArgument?

    @Flag(help: "Ask for a response, and show it.")
    var response = false

    @OptionGroup var session: SessionOptions

    func run() throws {
        guard !data.octets.isEmpty else { throw Failure(.usage, description: "there are no data") }
        let aid = try application?.requireAID("--application")
        try session.withSession { manager in
            if let aid { try manager.installForPersonalization(aid) }
            let answer = try manager.storeData(data.octets, structure, encryption, expectsResponse: response)
            if response { try Output.line(Hex.string(answer)) }
        }
    }
}

extension CardManager.DataStructure: ExpressibleByArgument {}
extension CardManager.DataEncryption: ExpressibleByArgument {}

struct GlobalPlatformSetStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-status",
        abstract: "Locks and unlocks applications and the card, and changes their life cycle states.",
        discussion: """
            veuicc gp set-status lock --aid A00000015153504200 --image card.img
            veuicc gp set-status secured --image card.img

            Without --aid it is the card: initialized, secured, card-locked, terminated. lock is card-locked, and unlock \
            is secured. A life cycle state of an application can also be given in hexadecimal. terminated cannot be undone.
            """
    )

    @Argument(
        help: "lock, unlock, initialized, secured, card-locked, terminated, personalized, or a state in hexadecimal."
    )
    var state: String

    @Option(help: "The AID of the application or security domain.")
    var aid: HexArgument?

    @Flag(help: "The security domain with all its applications.")
    var withApplications = false

    @OptionGroup var session: SessionOptions

    func run() throws {
        let aid = try aid?.requireAID("--aid")
        guard !withApplications || aid != nil else {
            throw Failure(.usage, description: "--with-applications needs the --aid of a security domain")
        }
        let states: [String: UInt8] =
            aid == nil
            ? [
                "lock": 0x7F, "unlock": 0x0F, "initialized": 0x07, "secured": 0x0F, "card-locked": 0x7F,
                "terminated": 0xFF,
            ]
            : ["lock": 0x80, "unlock": 0x00, "personalized": 0x0F]
        let number = Hex.octets(state).flatMap { $0.count == 1 ? $0.first : nil }
        guard let value = states[state.lowercased()] ?? number else {
            throw Failure(
                .usage,
                description: "\(state.debugDescription) is none of \(states.keys.sorted().joined(separator: ", "))"
            )
        }
        let scope: CardManager.StatusScope =
            aid == nil ? .card : withApplications ? .domainWithApplications : .application
        try session.withSession { manager in try manager.setStatus(scope, value, aid ?? []) }
    }
}
