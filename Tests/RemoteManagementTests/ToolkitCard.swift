import Card
import CardOS
import GlobalPlatform
import Memory
import Octets
import RemoteManagement
import Telecom
import Testing

/// A card with an MF and a transparent EF in it, whose toolkit the test uses as applications would.
final class ToolkitCard {
    /// All facilities.
    static let everything = String(repeating: "FF", count: 32)

    let image: UnsafeMutableRawBufferPointer
    var card: Card
    private let response = UnsafeMutableRawBufferPointer.allocate(byteCount: Card.maximumResponseLength, alignment: 8)

    init(_ transmissionProtocol: Environment.TransmissionProtocol = .t0) throws {
        image = .allocate(byteCount: Geometry.defaultSize, alignment: 4_096)
        _ = Memory.format(image)
        let seed = [UInt8](repeating: 0x5A, count: 48)
        card = try Card(
            image: image,
            environment: Environment(transmissionProtocol: transmissionProtocol, seed: seed)
        )
        card.powerOn()
        try ([0xAB, 0x05, 0x80, 0x01, 0x7F, 0x90, 0x00] as [UInt8]).withView { (attributes) throws(StatusWord) in
            var parameters = FileParameters(descriptor: 0x78, fileIdentifier: 0x3F00)
            parameters.securityAttributes = attributes
            let root = try card.system.createFile(parameters, parent: nil)
            parameters = FileParameters(descriptor: 0x41, fileIdentifier: 0x2FE2)
            parameters.securityAttributes = attributes
            parameters.size = 10
            _ = try card.system.createFile(parameters, parent: root)
        }
        card.system.memory.commit()
        card.powerOn()
    }

    deinit {
        image.deallocate()
        response.deallocate()
    }

    /// The response APDU in hexadecimal.
    func send(_ command: String) -> String {
        guard let octets = Hex.octets(command) else { return "not hexadecimal: \(command)" }
        let length = octets.withUnsafeBytes { card.transmit($0, into: response) }
        return Hex.string(response[0..<length])
    }

    /// A command of the toolkit with a data field.
    func send(_ ins: String, _ data: String) -> String {
        send("80\(ins)0000" + Hex.string([UInt8(data.count / 2)]) + data)
    }
}
