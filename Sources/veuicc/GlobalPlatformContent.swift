import ArgumentParser
import CardManagement
import Octets

/// The options of the fields of INSTALL that its commands share.
struct InstallFields: ParsableArguments {
    @Option(help: "The parameters field in hexadecimal; [for install] puts C9 in front where it is missing.")
    var parameters: HexArgument?

    @Option(help: "The hash of the load file data block in hexadecimal.")
    var hash: HexArgument?

    @Option(help: "The token in hexadecimal.")
    var token: HexArgument?
}

struct GlobalPlatformInstall: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Sends INSTALL: makes applications and security domains, selectable, extradites and changes them.",
        discussion: """
            veuicc gp install --load-file A0000001515350 --module A000000151535041 --aid A00000015153504200 \
            --privileges 800000 --image card.img
            veuicc gp install --for extradition --aid A0000000030001 --to A00000015153504200 --image card.img
            """
    )

    /// What INSTALL is for: P1.
    enum Purpose: String, CaseIterable, ExpressibleByArgument {
        case installAndMakeSelectable = "install-and-make-selectable"
        case install, load
        case makeSelectable = "make-selectable"
        case personalization, extradition
        case registryUpdate = "registry-update"
    }

    @Option(name: .customLong("for"), help: "What INSTALL is for.")
    var purpose = Purpose.installAndMakeSelectable

    @Option(help: "The AID of the executable load file.")
    var loadFile: HexArgument?

    @Option(help: "The AID of the executable module.")
    var module: HexArgument?

    @Option(help: "The AID of the application, or of what is changed.")
    var aid: HexArgument?

    @Option(help: "The AID of a security domain: that of load, extradition and registry update.")
    var to: HexArgument?

    @Option(help: "The privileges in hexadecimal, one or three octets.")
    var privileges: HexArgument?

    @OptionGroup var fields: InstallFields

    @OptionGroup var session: SessionOptions

    func validate() throws {
        let count = privileges?.octets.count ?? 3
        guard count == 3 || count == 1 || count == 0 && purpose == .registryUpdate else {
            throw ValidationError("--privileges: one or three octets are needed")
        }
    }

    func run() throws {
        let loadFile = try argument("--load-file", loadFile, for: [.install, .installAndMakeSelectable, .load])
        let module = try argument("--module", module, for: [.install, .installAndMakeSelectable])
        let aid = try argument("--aid", aid, for: Set(Purpose.allCases).subtracting([.load]))
        let domain = try to?.requireAID("--to") ?? argument("--to", nil, for: [.extradition])
        let none: [UInt8] = purpose == .registryUpdate ? [] : [0x00, 0x00, 0x00]
        let privileges = privileges?.octets ?? none
        let parameters = fields.parameters?.octets ?? []
        let token = fields.token?.octets ?? []
        try session.withSession { manager in
            switch purpose {
            case .load:
                try manager.installForLoad(
                    loadFile,
                    into: domain,
                    hash: fields.hash?.octets ?? [],
                    parameters: parameters,
                    token: token
                )
            case .install, .installAndMakeSelectable:
                try manager.installForInstall(
                    loadFile,
                    module: module,
                    instance: aid,
                    privileges: privileges,
                    parameters: parameters,
                    token: token,
                    makeSelectable: purpose == .installAndMakeSelectable
                )
            case .makeSelectable:
                try manager.installForMakeSelectable(
                    aid,
                    privileges: privileges,
                    parameters: parameters,
                    token: token
                )
            case .personalization: try manager.installForPersonalization(aid)
            case .extradition:
                try manager.installForExtradition(aid, to: domain, parameters: parameters, token: token)
            case .registryUpdate:
                try manager.installForRegistryUpdate(
                    aid,
                    domain: domain,
                    privileges: privileges,
                    parameters: parameters,
                    token: token
                )
            }
        }
    }

    /// An AID; none where it is not given and not needed.
    private func argument(
        _ name: String,
        _ value: HexArgument?,
        for purposes: Set<Purpose>
    ) throws(Failure) -> [UInt8] {
        if let value { return try value.requireAID(name) }
        guard !purposes.contains(purpose) else {
            throw Failure(.usage, description: "INSTALL [for \(purpose.rawValue)] needs \(name)")
        }
        return []
    }
}

struct GlobalPlatformLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Loads an executable load file: INSTALL [for load], then LOAD.",
        discussion: """
            veuicc gp load applet.cap --image card.img

            What INSTALL needs next is shown. The file is a CAP file, an IJC file, a load file data block, or an object C4 \
            around one. Of a CAP file the card gets all components but Descriptor and Debug.
            """
    )

    @Argument(help: "The load file.")
    var file: String

    @Option(help: "The AID of the load file; that of its Header component unless said otherwise.")
    var aid: HexArgument?

    @Option(help: "The AID of the security domain that it is to belong to.")
    var to: HexArgument?

    @OptionGroup var fields: InstallFields

    @Option(help: "Objects E2 with signatures of the load file, in hexadecimal.")
    var signatures: HexArgument?

    @OptionGroup var session: SessionOptions

    func run() throws {
        let octets = try InputFile.octets(file, "the load file", limit: 1_048_576)
        let loadFile: LoadFile
        do throws(LoadFile.Failure) {
            loadFile = try LoadFile(octets)
        } catch {
            throw Failure(.data, description: "\(file): \(error)")
        }
        let own = try aid?.requireAID("--aid")
        let domain = try to?.requireAID("--to") ?? []
        try session.withSession { manager in
            try manager.installForLoad(
                own ?? loadFile.aid,
                into: domain,
                hash: fields.hash?.octets ?? [],
                parameters: fields.parameters?.octets ?? [],
                token: fields.token?.octets ?? []
            )
            try manager.load(loadFile, signatures: signatures?.octets ?? [])
            try Output.line("load file  \(Hex.string(own ?? loadFile.aid))")
            for applet in loadFile.applets { try Output.line("module     \(Hex.string(applet))") }
        }
    }
}

struct GlobalPlatformDelete: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Deletes applications, load files, security domains or keys.",
        discussion: """
            veuicc gp delete A00000015153504200 --image card.img
            veuicc gp delete A0000001515350 --related --image card.img
            veuicc gp delete --keys-of-version 31 --image card.img
            """
    )

    @Argument(help: "AIDs of what is deleted, in this order.")
    var aids: [HexArgument] = []

    @Flag(help: "With what depends on it.")
    var related = false

    @Option(help: "Delete the keys of this version, in hexadecimal.")
    var keysOfVersion: HexArgument?

    @Option(help: "Delete the keys with this identifier, in hexadecimal.")
    var keyIdentifier: HexArgument?

    @Option(help: "The token in hexadecimal.")
    var token: HexArgument?

    @OptionGroup var session: SessionOptions

    func run() throws {
        let hasKeys = keysOfVersion != nil || keyIdentifier != nil
        guard aids.isEmpty == hasKeys else {
            throw Failure(
                .usage,
                description: "either AIDs, or --keys-of-version and --key-identifier say what is deleted"
            )
        }
        let aids = try aids.map { aid in try aid.requireAID("AID") }
        let version = try keysOfVersion?.octet("--keys-of-version")
        let identifier = try keyIdentifier?.octet("--key-identifier")
        try session.withSession { manager in
            if hasKeys { return try manager.deleteKeys(version: version, identifier: identifier) }
            for aid in aids { try manager.delete(aid, related: related, token: token?.octets ?? []) }
        }
    }
}
