import ArgumentParser
import Card
import ImageFile

/// Applications of a registry, and the workloads on one with few and on one with many of them.
enum Applications {
    /// How many of them are selected in turn, however many there are.
    private static let selected = 10
    /// How many GET STATUS tells of in one response.
    private static let listed = 5

    /// The AID of an application: 14 octets.
    static func aid(_ number: Int) -> [UInt8] {
        [0xA0, 0x00, 0x00, 0x05, 0x59] + [UInt8](repeating: 0xBE, count: 7) + [
            UInt8(number >> 8), UInt8(number & 0xFF),
        ]
    }

    /// INSTALL [for install and make selectable] of an instance of the access rule application master.
    static func installation(_ number: Int) -> [UInt8] {
        let file: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C]
        var data: [UInt8] = []
        for field in [file, file + [0x00], aid(number), [0x00], [0xC9, 0x00], []] {
            data += [UInt8(field.count)] + field
        }
        return [0x80, 0xE6, 0x0C, 0x00, UInt8(data.count)] + data + [0x00]
    }

    /// What begins a session in which commands are not protected.
    static func openSession(with subject: Subject) throws -> [[UInt8]] {
        try subject.send(Workload.selectIssuer, expecting: 0x9000)
        try subject.send(SecureChannelHost.initializeUpdate, expecting: 0x9000)
        let host = try SecureChannelHost(FactoryConfiguration.testKey, level: 0x00, response: subject.response)
        return [Workload.selectIssuer, SecureChannelHost.initializeUpdate, host.externalAuthenticate]
    }

    static let counts = [10, 1_000]
    static let names = counts.flatMap { ["select-aid-\($0)", "get-status-\($0)"] }

    static func workload(_ name: String, image: String) throws -> Workload? {
        guard let count = counts.first(where: { name == "select-aid-\($0)" || name == "get-status-\($0)" }) else {
            return nil
        }
        if name.hasPrefix("select") {
            let step = count / selected
            let commands = (0..<selected).map { Workload.select(aid($0 * step + step / 2)) }
            return Workload(name, commands, responses: 2 * selected, transmissionProtocol: .both)
        }
        // Those with the beginning of `aid`: AID, state, privileges, load file and security domain, 47 octets of each.
        let criteria: [UInt8] = [0x4F, 0x05] + aid(0).prefix(5)
        let (first, next) = ([0x80, 0xF2, 0x40, 0x02], [0x80, 0xF2, 0x40, 0x03]) as ([UInt8], [UInt8])
        let commands = (0..<count / listed).map { ($0 == 0 ? first : next) + [0x07] + criteria + [0x00] }
        return Workload(
            name,
            before: try openSession(with: Subject(on: BaseImage(file: image).ephemeral(), .both)),
            commands,
            responses: 47 * count + 2 * commands.count,
            transmissionProtocol: .both
        )
    }
}

/// `applications`: a registry with many entries.
struct InstallApplications: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "applications",
        abstract: "Installs applications, for the workloads on a registry."
    )

    @Argument(help: "The image file of a card.")
    var image: String

    @Argument(help: "How many applications.")
    var count: Int

    func run() throws {
        let subject = try Subject(on: CardImage(file: image), .both)
        guard let authenticate = try Applications.openSession(with: subject).last else { return }
        try subject.send(authenticate, expecting: 0x9000)
        for number in 0..<count { try subject.send(Applications.installation(number), expecting: 0x9000) }
    }
}
