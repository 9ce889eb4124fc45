import CardCrypto
import CardOS
import GlobalPlatform
import Memory
import Octets

/// What the factory gives a card: its issuer security domain, and an access rule application below it.
public struct FactoryConfiguration: Sendable {
    /// Keys of one version: ENC, MAC and DEK of a secure channel.
    public struct KeySet: Sendable {
        /// The key version number.
        public var version: UInt8
        /// The algorithm: Triple DES for SCP02, AES for SCP03.
        public var algorithm: BlockCipher.Algorithm
        /// The keys with identifiers 1 to 3.
        public var keys: [[UInt8]]

        /// A key set.
        public init(version: UInt8, algorithm: BlockCipher.Algorithm, keys: [[UInt8]]) {
            self.version = version
            self.algorithm = algorithm
            self.keys = keys
        }
    }

    /// The AID of the issuer security domain.
    public var issuerSecurityDomain: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00]
    /// Its key sets, the default one first.
    public var keySets: [KeySet] = [
        KeySet(version: 0x30, algorithm: .aes, keys: Array(repeating: testKey, count: 3)),
        KeySet(version: 0x20, algorithm: .des, keys: Array(repeating: testKey, count: 3)),
    ]
    /// The options of its secure channel protocols: number and parameter i.
    public var secureChannels: [(number: UInt8, option: UInt8)] = [(0x03, 0x70), (0x02, 0x55)]
    /// The issuer identification number (data object 42).
    public var issuerIdentificationNumber: [UInt8] = [0x40, 0x12, 0x34, 0x56, 0x78]
    /// The card image number (data object 45).
    public var cardImageNumber: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08]

    /// The AID of its access rule application master; nil: it has none.
    public var accessRuleMaster: [UInt8]? = accessRuleModule

    /// The executable load file of the access rule application master, and its module, whose AID devices look for.
    private static let accessRuleLoadFile: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C]
    private static let accessRuleModule = accessRuleLoadFile + [0x00]

    /// The key that the field uses for test cards: 40 to 4F.
    public static let testKey = [UInt8](0x40...0x4F)

    /// The configuration of a test card.
    public init() {}

    /// Full privileges of an issuer: GPCS clause 6.6.2.
    private static let issuerPrivileges: [UInt8] = [0x9E, 0xFE, 0x80]

    /// The key that keys are enciphered with in the factory, all 00: it protects nothing.
    fileprivate static func transportKey() throws(CryptoError) -> DataEncryptionKey {
        let key = SecretOctets(count: 16)
        for index in key.buffer.indices { key.buffer[index] = 0 }
        return try DataEncryptionKey(.aes, key: key.view)
    }

    /// The card production life cycle data (9F7F), the same for each card: fabricator, type and serial number of the
    /// integrated circuit, operating system, and so on; dates are YDDD.
    private static let productionLifeCycle: [UInt8] = [
        0x56, 0x45, 0x00, 0x01, 0x56, 0x45, 0x60, 0x01, 0x01, 0x00, 0x60, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01,
        0x56,
        0x45, 0x60, 0x01, 0x56, 0x45, 0x60, 0x01, 0x56, 0x45, 0x60, 0x01, 0x00, 0x00, 0x00, 0x01, 0x56, 0x45, 0x60,
        0x01,
        0x00, 0x00, 0x00, 0x01,
    ]

    /// INSTALL [for install and make selectable] of the issuer security domain.
    fileprivate var installation: [UInt8] {
        var parameters: [UInt8] = []
        for channel in secureChannels { parameters += [0x81, 0x02, channel.number, channel.option] as [UInt8] }
        let loadFile: [UInt8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50]
        return Self.installation(loadFile, loadFile + [0x41], issuerSecurityDomain, Self.issuerPrivileges, parameters)
    }

    /// INSTALL [for install and make selectable].
    private static func installation(
        _ loadFile: [UInt8],
        _ module: [UInt8],
        _ aid: [UInt8],
        _ privileges: [UInt8],
        _ parameters: [UInt8]
    ) -> [UInt8] {
        var data: [UInt8] = []
        let specific = [0xC9, UInt8(parameters.count)] + parameters
        for field in [loadFile, module, aid, privileges, specific, []] { data += [UInt8(field.count)] + field }
        return command(0xE6, 0x0C, 0x00, data)
    }

    /// What the issuer security domain is sent: PUT KEY, STORE DATA, INSTALL, SET STATUS.
    fileprivate func personalization() throws(CryptoError) -> [[UInt8]] {
        var commands: [[UInt8]] = []
        for set in keySets {
            let buffer = SecretOctets(count: 255)
            var writer = OctetWriter(buffer.buffer)
            writer.append(set.version)
            let encryption = try Self.transportKey()
            for key in set.keys {
                try key.withView { (key) throws(CryptoError) in
                    let type: KeyType = set.algorithm == .aes ? .aes : .des
                    try KeyDataField.append(type, key, encryption, withLength: false, to: &writer)
                }
            }
            commands.append(Self.command(0xD8, 0x00, 0x81, writer.view.array))
        }
        let objects: [(tag: [UInt8], value: [UInt8])] = [
            ([0x42], issuerIdentificationNumber), ([0x45], cardImageNumber), ([0x9F, 0x7F], Self.productionLifeCycle),
        ]
        for (number, object) in objects.enumerated() {
            let value = object.tag + [UInt8(object.value.count)] + object.value
            let data = [0x00, 0x70, UInt8(value.count)] + value
            let isLast = number == objects.count - 1
            commands.append(Self.command(0xE2, isLast ? 0x88 : 0x08, UInt8(number), data))
        }
        if let accessRuleMaster {
            let (file, module) = (Self.accessRuleLoadFile, Self.accessRuleModule)
            commands.append(Self.installation(file, module, accessRuleMaster, [0x00], []))
        }
        // The card is SECURED.
        commands.append([0x80, 0xF0, 0x80, 0x0F, 0x00])
        return commands
    }

    private static func command(_ ins: UInt8, _ p1: UInt8, _ p2: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0x80, ins, p1, p2, UInt8(data.count)] + data
    }
}

extension Card {
    /// Makes the issuer security domain, by commands that docs/globalplatform.md lists.
    ///
    /// Each command is a transaction of its own: for an image that nobody has yet. `card new` makes the card in
    /// memory, and the file gets its name only when it holds all of it (`CardImage.create`): there is no half of a card.
    ///
    /// - Throws: the status word of the command that failed; what came before it stays.
    public mutating func manufacture(_ configuration: FactoryConfiguration) throws(StatusWord) {
        powerOn()
        try runtime.open.registerFirmware(on: &system)
        runtime.open.enterFactory()
        defer { powerOn() }
        try execute(configuration.installation)
        let commands: [[UInt8]]
        do throws(CryptoError) {
            runtime.open.selectIssuer(in: system, try FactoryConfiguration.transportKey())
            commands = try configuration.personalization()
        } catch {
            throw .technicalProblem
        }
        for command in commands { try execute(command) }
    }

    /// Executes a command of the factory.
    private mutating func execute(_ command: [UInt8]) throws(StatusWord) {
        let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.maximumResponseLength, alignment: 8)
        defer { response.deallocate() }
        let length = command.withUnsafeBytes { transmit($0, into: response) }
        let status = OctetView(UnsafeRawBufferPointer(response)).part(from: length - 2, length: 2).uint16(at: 0)
        guard let status else { throw .technicalProblem }
        guard status == 0x9000 || status >> 8 == 0x61 else { throw StatusWord(status) }
    }
}
