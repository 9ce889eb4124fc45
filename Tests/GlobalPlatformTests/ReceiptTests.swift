import CardCrypto
import GlobalPlatform
import Octets
import Testing

/// Receipts: GPCS clauses 11.1.6 and C.5.
@Suite struct ReceiptTests {
    let vectors: SignatureVectors
    let provider = octets("12345678")
    let image = octets("0102030405060708")

    init() throws { vectors = try SignatureVectors.load() }

    private func operation(_ name: String, _ fields: [OctetView]) throws -> ConfirmedOperation {
        switch name {
        case "load": .load(loadFile: fields[0], securityDomain: fields[1])
        case "installation": .installation(loadFile: fields[0], application: fields[1])
        case "extradition": .extradition(from: fields[0], object: fields[1], to: fields[2])
        case "registryUpdate":
            .registryUpdate(
                from: fields[0],
                application: fields[1],
                to: fields[2],
                privileges: fields[3],
                parameters: fields[4]
            )
        case "deletion": .deletion(object: fields[0])
        case "loadAndInstallation":
            .loadAndInstallation(loadFile: fields[0], application: fields[1], securityDomain: fields[2])
        default: try #require(nil)
        }
    }

    /// The response with the receipt of a record, behind what is in the buffer already.
    private func response(
        _ record: SignatureVectors.ReceiptRecord,
        _ key: Key,
        capacity: Int = 1024
    ) throws -> [UInt8] {
        let all = secret(record.fields.flatMap(\.octets))
        var fields: [OctetView] = []
        var start = 0
        for field in record.fields {
            fields.append(all.view.part(from: start, length: field.octets.count))
            start += field.octets.count
        }
        let parts = secret(provider + image + record.tokenIdentifier.octets + record.tokenDigest.octets)
        let identifierLength = record.tokenIdentifier.octets.count
        let confirmation = try ConfirmationData(
            counter: record.counter,
            provider: parts.view.part(from: 0, length: 4),
            image: parts.view.part(from: 4, length: 8),
            tokenIdentifier: parts.view.part(from: 12, length: identifierLength),
            tokenDigest: parts.view.part(from: 12 + identifierLength)
        )
        #expect(confirmation.nextCounter == record.counter + 1)
        let room = SecretOctets(count: capacity)
        var writer = OctetWriter(room.buffer)
        writer.append(UInt8(0xAA))
        let receipt = try Receipt(of: operation(record.operation, fields), confirmation)
        try receipt.append(to: &writer, signedWith: key)
        #expect(!writer.overflowed)
        return Array(writer.view.array.dropFirst())
    }

    @Test func receipts() throws {
        #expect(vectors.receipts.count == 32)
        for record in vectors.receipts {
            try vectors.withKey(record.key) { (key) throws in
                #expect(try hex(response(record, key)) == hex(record.response.octets), "\(record.operation)")
                let needed = record.response.octets.count + 1
                for capacity in [1, 2, 10, needed - 1] {
                    let error = status { _ = try response(record, key, capacity: capacity) }
                    #expect(error == .technicalProblem)
                }
            }
            for name in ["RSA-1024", "P-256"] {
                try vectors.withKey(name) { (key) throws in
                    #expect(status { _ = try response(record, key) } == .conditionsNotSatisfied)
                }
            }
        }
    }

    @Test func counterEnds() throws {
        let number = secret(provider)
        for counter: UInt16 in [0x7FFF, 0x8000, 0xFFFF] {
            let error = status {
                _ = try ConfirmationData(counter: counter, provider: number.view, image: number.view)
            }
            #expect(error == (counter > ConfirmationData.highestCounter ? .conditionsNotSatisfied : nil))
        }
        let last = try ConfirmationData(counter: 0x7FFF, provider: number.view, image: number.view)
        let error = status {
            _ = try ConfirmationData(counter: last.nextCounter, provider: number.view, image: number.view)
        }
        #expect(error == .conditionsNotSatisfied)
    }

    /// The response has at most 256 octets.
    @Test func longFields() throws {
        let long = secret([UInt8](repeating: 1, count: 512))
        try vectors.withKey("AES-256") { (key) throws in
            for count in 0...300 {
                let field = long.view.part(from: 0, length: count)
                for place in 0..<3 {
                    let room = SecretOctets(count: 512)
                    var writer = OctetWriter(room.buffer)
                    let error = status {
                        let data = try ConfirmationData(
                            counter: 0,
                            provider: place == 0 ? field : .empty,
                            image: .empty,
                            tokenIdentifier: place == 1 ? field : .empty,
                            tokenDigest: place == 2 ? field : .empty
                        )
                        try Receipt(of: .deletion(object: field), data).append(to: &writer, signedWith: key)
                    }
                    #expect(error == nil || error == .incorrectData)
                    #expect(writer.count <= 256)
                    guard error == nil else { continue }
                    // The lengths lead to the end.
                    writer.view.withUnsafeBytes { octets in
                        var cursor = OctetCursor(OctetView(octets))
                        #expect(cursor.berLength(.distinguished) == cursor.remaining)
                        #expect(cursor.octet() == 16)
                        _ = cursor.octets(16)
                        while let length = cursor.octet() { #expect(cursor.octets(Int(length)) != nil) }
                    }
                }
            }
        }
    }
}
