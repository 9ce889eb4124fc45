import Foundation
import Octets
import ProfilePackage

/// Files of the folder `vectors`.
enum Vectors {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("vectors")

    static func octets(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    /// The rows of a table, by the names of its columns.
    static func table(_ path: String) throws -> [[String: String]] {
        let text = String(decoding: try octets(path), as: UTF8.self)
        let lines = text.split(separator: "\n").map { $0.components(separatedBy: "\t") }
        guard let names = lines.first else { return [] }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(names, $0)) }
    }

    static func package(_ name: String) throws -> [UInt8] {
        try octets("profiles/ts48/\(name).der")
    }
}

/// A TLV with a DER length.
func tlv(_ tag: UInt32, _ value: [UInt8]) -> [UInt8] {
    var octets: [UInt8] = []
    for shift in [16, 8, 0] where tag >> UInt32(shift) != 0 { octets.append(UInt8(tag >> UInt32(shift) & 0xFF)) }
    switch value.count {
    case ..<0x80: octets += [UInt8(value.count)]
    case ..<0x100: octets += [0x81, UInt8(value.count)]
    default: octets += [0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
    }
    return octets + value
}

func tlv(_ tag: UInt32, _ values: [UInt8]...) -> [UInt8] {
    tlv(tag, values.flatMap { $0 })
}

func hex(_ text: String) -> [UInt8] { Hex.octets(text) ?? [] }

/// What an installation came to.
struct Outcome: Equatable {
    var progress: ProfileInstaller.Progress
    /// EUICCResponse in hexadecimal.
    var response: String
}

extension ProfileInstaller {
    /// The EUICCResponse in hexadecimal.
    var responseText: String {
        var memory = [UInt8](repeating: 0, count: ProfileInstaller.responseLimit)
        return memory.withUnsafeMutableBytes { buffer in
            var writer = OctetWriter(buffer)
            appendResponse(to: &writer)
            return writer.overflowed ? "too long" : Hex.string(writer.view.array)
        }
    }
}

/// Installs a package whose octets arrive in segments of the lengths that `next` names.
func install(
    _ package: [UInt8],
    into target: inout MemoryTarget,
    segments next: () -> Int = { .max }
) -> Outcome {
    var installer = ProfileInstaller()
    var progress = ProfileInstaller.Progress.moreExpected
    var position = 0
    while position < package.count {
        let length = min(package.count - position, max(1, next()))
        progress = Array(package[position..<position + length]).withView { installer.push($0, to: &target) }
        position += length
        if progress == .aborted { break }
    }
    if progress == .moreExpected { progress = installer.close() }
    return Outcome(progress: progress, response: installer.responseText)
}

/// Installs a package into an empty file system.
func install(_ package: [UInt8]) -> Outcome {
    var target = MemoryTarget()
    return install(package, into: &target)
}

/// A generator whose numbers depend on its seed only: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
