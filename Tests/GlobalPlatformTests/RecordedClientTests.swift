import Card
import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// The sessions of GlobalPlatformPro in vectors/gp/client-traces.json, sent octet for octet to a factory card with the keys
/// of the recording. The challenge of the card is pseudo-random, so that its cryptogram is the recorded one.
@Suite struct RecordedClientTests {
    private static func configuration(isAES: Bool) -> FactoryConfiguration {
        var configuration = FactoryConfiguration()
        let keys: [[UInt8]] = [[UInt8](0x00...0x0F), [UInt8](0x10...0x1F), [UInt8](0x20...0x2F)]
        let testKeys = Array(repeating: FactoryConfiguration.testKey, count: 3)
        configuration.keySets = [
            isAES
                ? FactoryConfiguration.KeySet(version: 0x30, algorithm: .aes, keys: keys)
                : FactoryConfiguration.KeySet(version: 0x20, algorithm: .des, keys: testKeys)
        ]
        configuration.secureChannels = [isAES ? (0x03, 0x70) : (0x02, 0x55)]
        return configuration
    }

    @Test func globalPlatformPro() throws {
        let clients = try Vectors.decodePlainly("client-traces.json", as: ClientTraceTests.File.self).clients
        var sessions = 0
        for (client, traces) in clients where client.hasPrefix("GlobalPlatformPro") {
            for (name, trace) in traces where !name.contains("--info") {
                let card = try FactoryCard(.both, Self.configuration(isAES: !name.contains("SCP02")))
                // There had been a session of SCP02 before.
                if name.contains("SCP02") {
                    let issuer = try #require(card.issuer)
                    let set = try #require(card.card.system.memory.keySet(0x20, of: issuer)?.reference)
                    try card.card.system.memory.set(.counter, ofKeySet: set, to: 1)
                    card.card.system.memory.commit()
                }
                for exchange in trace {
                    let command = hex(exchange.command)
                    let expected = hex(exchange.rsp.octets)
                    let answer = try card.send(command)
                    // The package that it deletes is of the firmware here; the recorded DGI of STORE DATA has an octet less
                    // than its length says.
                    let isOther = name.contains("--delete") || name.contains("--store-data")
                    let isLast = exchange.command == trace.last?.command
                    if command.hasPrefix("8050") { #expect(answer == expected, "\(name)") }
                    if isOther && isLast {
                        #expect(answer == (name.contains("--delete") ? "6985" : "6A80"), "\(name)")
                    } else {
                        #expect(answer.suffix(4) == expected.suffix(4), "\(name): \(command)")
                    }
                }
                sessions += 1
            }
        }
        #expect(sessions == 8)
    }
}
