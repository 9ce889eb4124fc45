import Card
import CardManagement
import ImageFile
import Memory
import Octets
import Reader

extension InProcessTerminal {
    /// A powered card as the factory makes it.
    ///
    /// - Parameter scp02: the parameter i of SCP02.
    static func factoryCard(
        _ transmission: Environment.TransmissionProtocol = .t1,
        scp02: UInt8 = 0x55
    ) throws -> InProcessTerminal {
        let image = try CardImage(size: Geometry.defaultSize)
        _ = Memory.format(image.octets)
        var card = try Card(image: image.octets, environment: Environment(seed: []))
        var configuration = FactoryConfiguration()
        configuration.secureChannels = [(0x03, 0x70), (0x02, scp02)]
        try card.manufacture(configuration)
        let seed = [UInt8](repeating: 0x5A, count: 48)
        let environment = Environment(transmissionProtocol: transmission, seed: seed)
        let terminal = InProcessTerminal(try Card(image: image.octets, environment: environment), on: image)
        terminal.powerOn()
        return terminal
    }
}

/// The random octets of a host in tests.
func fixedRandom(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 29 + 7) } }

/// A terminal that is read along with.
final class ObservedTerminal: CardTerminal {
    private let terminal: InProcessTerminal
    private let observer = SessionObserver(keys: [.test()])
    private(set) var exchanges: [SessionObserver.Exchange] = []
    /// Whether the first octet of responses with data is altered on their way.
    var forges = false

    init(_ terminal: InProcessTerminal) { self.terminal = terminal }

    var answerToReset: [UInt8] { terminal.answerToReset }
    func powerOn() { terminal.powerOn() }
    func powerOff() { terminal.powerOff() }
    func warmReset() { terminal.warmReset() }

    func transmit(
        _ command: UnsafeRawBufferPointer,
        into response: UnsafeMutableRawBufferPointer
    ) throws(TerminalError) -> Int {
        let count = try terminal.transmit(command, into: response)
        if forges, count > 2 { response[0] ^= 0x01 }
        exchanges.append(observer.observe(command: [UInt8](command), response: [UInt8](response[..<count])))
        return count
    }
}
