import Octets

/// What the FCI of a security domain tells: GPCS clause 11.9.3.1.
public struct SelectedDomain: Equatable, Sendable {
    /// Its AID.
    public let aid: [UInt8]
    /// Its management data: what protocols it has.
    public let recognition: RecognitionData
    /// The longest data field of a command, in octets.
    public let maximumLength: Int

    /// nil where there is no FCI with an AID.
    init?(_ octets: [UInt8]) {
        guard let content = TLV.first(0x6F, in: octets), let aid = TLV.first(0x84, in: content) else { return nil }
        self.aid = aid
        let proprietary = TLV.first(0xA5, in: content) ?? []
        recognition = RecognitionData(TLV.first(0x73, in: proprietary) ?? [])
        let length = (TLV.first(0x9F65, in: proprietary) ?? []).prefix(2).reduce(0) { $0 << 8 | Int($1) }
        maximumLength = length < 32 ? 255 : min(255, length)
    }
}

/// Card recognition data, or the management data of a security domain: GPCS clause H.2.
public struct RecognitionData: Equatable, Sendable {
    /// The version of the specification, 2.3.1 say; nil where it is not told.
    public private(set) var version: String?
    /// The secure channel protocols with their parameters i.
    public private(set) var secureChannels: [(identifier: UInt8, i: UInt8)] = []

    private static let arc: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]

    /// Reads the content of object 73.
    init(_ content: [UInt8]) {
        for object in TLV.objects(in: content) {
            for identifier in TLV.objects(in: object.value) where identifier.tag == 0x06 {
                guard identifier.value.starts(with: Self.arc), identifier.value.count > Self.arc.count + 1 else {
                    continue
                }
                let rest = identifier.value.dropFirst(Self.arc.count + 1)
                switch object.tag {
                case 0x60: version = rest.map(String.init).joined(separator: ".")
                case 0x64:
                    // Arcs from 80 on have two octets; some cards leave the first one out.
                    let arcs = rest.first == 0x81 && rest.count == 3 ? rest.dropFirst() : rest
                    if let scp = arcs.first, let i = arcs.dropFirst().first {
                        secureChannels.append((scp == 0x00 ? 0x80 : scp, i))
                    }
                default: break
                }
            }
        }
    }

    /// The parameter i of a protocol; nil where it is not told.
    public func i(of channel: HostProtocol) -> UInt8? {
        secureChannels.first { $0.identifier == channel.identifier }?.i
    }

    /// Whether both tell the same.
    public static func == (left: RecognitionData, right: RecognitionData) -> Bool {
        left.version == right.version && left.secureChannels.elementsEqual(right.secureChannels, by: ==)
    }
}

/// One key of a key information template: GPCS clause 11.3.3.1.
public struct KeyInformation: Equatable, Sendable {
    /// The key identifier.
    public let identifier: UInt8
    /// The key version number.
    public let version: UInt8
    /// The type of the key's first component: GPCS table 11-16.
    public let type: UInt8
    /// The length of that component in octets, or a curve; 0: 256 or more.
    public let length: Int

    /// Reads the content of object C0, in the basic or the extended form; nil where there is none.
    init?(_ content: [UInt8]) {
        guard content.count >= 4 else { return nil }
        identifier = content[0]
        version = content[1]
        if content[2] == 0xFF {
            guard content.count >= 6 else { return nil }
            type = content[3]
            length = Int(content[4]) << 8 | Int(content[5])
        } else {
            type = content[2]
            length = Int(content[3])
        }
    }
}

/// The data objects of a security domain that GET DATA gives: GPCS clause 11.3.
public struct CardData: Sendable {
    /// An object that is asked for.
    public struct Object: Sendable {
        /// P1 and P2.
        public let tag: UInt16
        /// What it is.
        public let name: String
        let data: [UInt8]

        init(_ tag: UInt16, _ name: String, _ data: [UInt8] = []) {
            self.tag = tag
            self.name = name
            self.data = data
        }
    }

    /// The objects that are asked for, in this order.
    public static let objects = [
        Object(0x9F7F, "production life cycle data"), Object(0x0042, "issuer identification number"),
        Object(0x0045, "card image number"), Object(0x00CF, "key diversification data"),
        Object(0x00C1, "sequence counter"), Object(0x0066, "card data"), Object(0x0067, "card capabilities"),
        Object(0x00E0, "key information"), Object(0x00D3, "security level"),
        Object(0x2F00, "applications", [0x5C, 0x00]), Object(0xFF21, "extended card resources"),
    ]

    /// The responses by tag; what the card does not have is not there.
    public internal(set) var responses: [UInt16: [UInt8]] = [:]

    /// The value of an object, its tag and length taken off.
    public func value(_ tag: UInt16) -> [UInt8]? {
        guard let response = responses[tag] else { return nil }
        if tag == 0x2F00, response.starts(with: [0x2F, 0x00]) {
            // No tag of BER-TLV: 2F has one octet there. Not all cards give it.
            return TLV.objects(in: [0x2F] + response.dropFirst(2)).first?.value
        }
        return TLV.first(UInt32(tag), in: response) ?? response
    }

    /// Card recognition data.
    public var recognition: RecognitionData { RecognitionData(TLV.first(0x73, in: value(0x0066) ?? []) ?? []) }

    /// The keys.
    public var keys: [KeyInformation] {
        TLV.objects(in: value(0x00E0) ?? []).filter { $0.tag == 0xC0 }.compactMap { KeyInformation($0.value) }
    }

    /// The AIDs of the list of applications.
    public var applications: [[UInt8]] {
        TLV.objects(in: value(0x2F00) ?? []).filter { $0.tag == 0x61 }.compactMap { TLV.first(0x4F, in: $0.value) }
    }

    /// Of the extended card resources (TS 102 226): installed applications, free octets of memory that keeps them, and of
    /// memory that does not.
    public var resources: (applications: Int, nonVolatile: Int, volatile: Int)? {
        guard let content = value(0xFF21) else { return nil }
        func number(_ tag: UInt32) -> Int? { TLV.first(tag, in: content)?.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
        guard let applications = number(0x81), let nonVolatile = number(0x82), let volatile = number(0x83) else {
            return nil
        }
        return (applications, nonVolatile, volatile)
    }
}

extension CardManager {
    /// Reads what the selected security domain tells of the card. Objects that it refuses are left out.
    public func readCardData() throws(CardManagementError) -> CardData {
        var data = CardData()
        for object in CardData.objects {
            do throws(CardManagementError) {
                data.responses[object.tag] = try getData(object.tag, object.data)
            } catch {
                guard case .refused = error.kind else { throw error }
            }
        }
        return data
    }

    /// The key information template.
    public func keyInformation() throws(CardManagementError) -> [KeyInformation] {
        var data = CardData()
        data.responses[0x00E0] = try getData(0x00E0)
        return data.keys
    }

    /// GET DATA.
    public func getData(_ tag: UInt16, _ data: [UInt8] = []) throws(CardManagementError) -> [UInt8] {
        let p1 = UInt8(truncatingIfNeeded: tag >> 8)
        let p2 = UInt8(truncatingIfNeeded: tag)
        return try send(Command(0x80, 0xCA, p1, p2, data), "GET DATA \(Hex.string([p1, p2]))").data
    }
}
