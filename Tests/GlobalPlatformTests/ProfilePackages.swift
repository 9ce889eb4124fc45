import Card
import Foundation
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Profile packages for a card with an issuer security domain.
enum ProfilePackages {
    static let folder = Vectors.url("").deletingLastPathComponent()

    static func octets(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: path)))
    }

    /// The packages of TS.48 that the card takes: those of version 1 demand a Java Card machine.
    static let ts48: [String] = {
        let path = folder.appending(path: "profiles/ts48").path()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".der") && !$0.hasPrefix("TS48v1_") }.sorted()
    }()

    /// A small file system and these elements.
    static func package(_ elements: String...) throws -> [UInt8] {
        let small = try octets("conformance/small.der")
        // PE-End has nine octets.
        return small.dropLast(9) + GlobalPlatformTests.octets(elements.joined()) + small.suffix(9)
    }

    /// A TLV with a DER length.
    static func tlv(_ tag: String, _ value: String) -> String {
        let count = value.count / 2
        let length: [UInt8] =
            count < 0x80
            ? [UInt8(count)] : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        return tag + hex(length) + value
    }

    static let header = "A0058000810130"

    /// The members of an ApplicationInstance.
    static func instance(
        _ aid: String,
        privileges: String = "82DC00",
        state: String = "0F",
        parameters: String = "81028000",
        more: String = ""
    ) -> String {
        tlv("4F", "A0000001515350") + tlv("4F", "A000000151535041") + tlv("4F", aid) + tlv("82", privileges)
            + tlv("83", state) + tlv("C9", parameters) + more
    }

    /// PE-SecurityDomain.
    static func domain(_ instance: String, _ members: String...) -> String {
        tlv("A6", header + tlv("A1", instance) + members.joined())
    }

    /// keyList.
    static func keys(_ keys: String...) -> String { tlv("A2", keys.joined()) }

    /// KeyObject of one component, or of two.
    static func key(
        _ version: String,
        _ identifier: String,
        _ components: [(type: String, value: String)],
        usage: String = "18",
        counter: String = ""
    ) -> String {
        let list = components.map { tlv("30", tlv("80", $0.type) + tlv("86", $0.value)) }.joined()
        return tlv(
            "30",
            tlv("95", usage) + tlv("82", identifier) + tlv("83", version)
                + (counter.isEmpty ? "" : tlv("85", counter)) + tlv("30", list)
        )
    }

    /// Three keys of a version.
    static func three(_ version: String, _ type: String, _ value: String = testKey) -> String {
        ["01", "02", "03"].map { key(version, $0, [(type, value)]) }.joined()
    }

    static let testKey = "505152535455565758595A5B5C5D5E5F"
}

extension FactoryCard {
    /// The response of the installation.
    func install(_ package: [UInt8]) -> String { hex(card.install(profilePackage: [package]).response) }

    /// What is wrong with the image.
    var defects: [ImageDefect] { Card.defects(of: UnsafeRawBufferPointer(image)) }

    private func aid(_ reference: ObjectReference?) -> String {
        reference.flatMap { RegistryEntry($0, in: card.system.memory) }.map { hex($0.aid.array) } ?? "none"
    }

    /// The entries of the registry: kind, life cycle, privileges, program, AID, security domain, attributes; in the order
    /// of the AIDs.
    func entries() throws -> [String] {
        try card.open.registry.entries.map { reference in
            let found = RegistryEntry(reference, in: card.system.memory)
            let entry = try #require(found)
            let numbers = [entry.kind?.rawValue ?? 0, entry.lifeCycle.rawValue]
            let privileges = hex([
                UInt8(entry.privileges.rawValue >> 16), UInt8(entry.privileges.rawValue >> 8 & 0xFF),
                UInt8(entry.privileges.rawValue & 0xFF),
            ])
            let attributes = try entry.withAttributes(in: card.system.memory) { (view) throws(StatusWord) in view.array
            }
            return
                "\(hex(numbers)) \(privileges) \(entry.program.rawValue) \(hex(entry.aid.array))"
                + " in \(aid(entry.securityDomain)) \(hex(attributes))"
        }
    }

    /// The keys of a security domain: version and counter of the set, and each key as it stands there.
    func keys(of aid: String) throws -> [String] {
        let found = octets(aid).withView { card.open.securityDomain($0, on: card.system) }
        let domain = try #require(found)
        var sets: [KeySet] = []
        _ = card.system.memory.firstKeySet(of: domain) { set in
            sets.append(set)
            return false
        }
        return try sets.map { set in
            let keys = try card.system.memory.withKeys(of: set) { (keys) throws(StatusWord) in keys.view.array }
            let counter = set.isForSecuredPackets ? set.packetCounter : UInt64(set.sequenceCounter)
            return "\(hex([set.version, set.purpose.rawValue])) \(counter) \(hex(keys))"
        }
    }
}
