import Card
import CardCrypto
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// A card as the factory makes it, with an issuer security domain and no other application unless told otherwise.
final class FactoryCard {
    let image: UnsafeMutableRawBufferPointer
    var card: Card
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    static var withoutApplications: FactoryConfiguration {
        var configuration = FactoryConfiguration()
        configuration.accessRuleMaster = nil
        return configuration
    }

    init(
        size: Int = 262_144,
        _ transmissionProtocol: Environment.TransmissionProtocol = .both,
        _ configuration: FactoryConfiguration = withoutApplications
    ) throws {
        image = .allocate(byteCount: size, alignment: 4_096)
        try #require(Memory.format(image))
        let environment = Environment(
            transmissionProtocol: transmissionProtocol,
            seed: [UInt8](repeating: 0x5A, count: 48)
        )
        card = try Card(image: image, environment: environment)
        try card.manufacture(configuration)
        card.powerOn()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    /// The entry of the issuer security domain.
    var issuer: ObjectReference? { card.open.registry.issuer }

    /// What sensitive data are enciphered with in the sessions that `authenticate` opens: AES, a key of 00.
    static func encryption() throws(CryptoError) -> DataEncryptionKey {
        let key = SecretOctets(count: 16)
        // The memory is used behind the making of the view.
        defer { wipe(key.buffer) }
        return try DataEncryptionKey(.aes, key: key.view)
    }

    /// Opens a session without protection of messages with what is selected on a channel.
    func authenticate(on channel: Int = 0) throws {
        card.open.channels[channel].makeSession().pointee.secureChannel.openInFactory(try Self.encryption())
    }

    /// The response APDU in hexadecimal; announced data are fetched.
    func send(_ command: String) throws -> String {
        var octets = try #require(Hex.octets(command))
        var data = ""
        while true {
            let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
            let answer = Hex.string(response[0..<length])
            guard answer.count >= 4, answer.dropLast(2).hasSuffix("61") else { return data + answer }
            data += answer.dropLast(4)
            octets = [octets[0] & 0x43, 0xC0, 0x00, 0x00, 0x00]
        }
    }

    /// Sends commands, and compares their responses.
    func answers(_ exchanges: [(command: String, response: String)]) throws {
        for (command, expected) in exchanges {
            let answer = try send(command)
            #expect(answer == expected, "\(command)")
        }
    }

    /// A command with its data field, and Le.
    static func command(_ header: String, _ data: String) -> String {
        header + hex([UInt8(data.count / 2)]) + data + "00"
    }

    static let loadFile = "A0000001515350"
    static let module = "A000000151535041"
    static let issuer = "A000000151000000"

    /// INSTALL [for install and make selectable] of a security domain.
    static func installation(_ aid: String, privileges: String = "80", parameters: String = "C900") -> String {
        var data = ""
        for field in [loadFile, module, aid, privileges, parameters, ""] {
            data += hex([UInt8(field.count / 2)]) + field
        }
        return command("80E60C00", data)
    }

    /// SELECT by name.
    static func selection(_ aid: String) -> String { command("00A40400", aid) }

    /// The life cycle state of an application, as GET STATUS tells it.
    func state(of aid: String) throws -> String {
        let answer = try send(Self.command("80F24002", hex([0x4F, UInt8(aid.count / 2)]) + aid + "5C029F70"))
        return String(answer.dropLast(4).suffix(2))
    }
}
