import CardCrypto
import Octets

/// A load file data block: what LOAD carries in object C4.
public struct LoadFile: Equatable, Sendable {
    /// Why octets are no load file.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// A ZIP file that is no CAP file of one package, or a damaged one; the reason.
        case archive(String)
        /// Something else.
        case malformed

        /// The reason.
        public var description: String {
            switch self {
            case .archive(let reason): reason
            case .malformed:
                "neither a CAP file nor an IJC file nor an object C4 nor a load file data block that begins with a Header"
            }
        }
    }

    /// The components, one after the other.
    public let dataBlock: [UInt8]
    /// The AID in the Header component.
    public let aid: [UInt8]
    /// The AIDs of the Applet component.
    public let applets: [[UInt8]]

    /// Reads a CAP file, an IJC file, which is a load file data block of Java Card components, or an object C4 around one.
    public init(_ octets: [UInt8]) throws(Failure) {
        var block = octets
        if CAPFile.isArchive(octets) {
            block = try CAPFile.dataBlock(octets)
        } else if octets.first == 0xC4 {
            let objects = TLV.objects(in: octets)
            guard objects.count == 1, let value = objects.first?.value else { throw .malformed }
            block = value
        }
        let components = Self.components(of: block)
        // JCVM clause 6.4: minor and major version, flags, minor and major version of the package, its AID.
        guard let header = components[1], header.count > 10, header.starts(with: [0xDE, 0xCA, 0xFF, 0xED]),
            (5...16).contains(header[9]), header.count >= 10 + Int(header[9])
        else { throw .malformed }
        dataBlock = block
        aid = Array(header[10..<(10 + Int(header[9]))])
        applets = Self.applets(components[3] ?? [])
    }

    /// The components by tag, as far as they are well-formed: a tag, two octets of length.
    private static func components(of block: [UInt8]) -> [UInt8: [UInt8]] {
        var components: [UInt8: [UInt8]] = [:]
        var rest = block[...]
        while let tag = rest.first, rest.count >= 3 {
            let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
            guard rest.count >= 3 + length else { break }
            components[tag] = Array(rest.dropFirst(3).prefix(length))
            rest = rest.dropFirst(3 + length)
        }
        return components
    }

    /// JCVM clause 6.6: a count, then AIDs with their length, each with the offset of its method.
    private static func applets(_ component: [UInt8]) -> [[UInt8]] {
        var aids: [[UInt8]] = []
        var rest = component.dropFirst()
        for _ in 0..<Int(component.first ?? 0) {
            guard let length = rest.first, rest.count >= Int(length) + 3 else { break }
            aids.append(Array(rest.dropFirst().prefix(Int(length))))
            rest = rest.dropFirst(Int(length) + 3)
        }
        return aids
    }
}
