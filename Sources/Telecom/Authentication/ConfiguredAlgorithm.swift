import CardCrypto

// The algorithm that a profile asks for, under the key of its subscriber. Each function names the three algorithms
// itself: over an enumeration without copies that forwards to them, the optimiser of Swift 6.3 crashes.

extension AuthenticationParameters {
    /// Looks at a challenge, as the algorithm does; `spare` as in `Milenage`.
    func examine(
        random: UInt128,
        token: AuthenticationToken,
        isModified: Bool,
        reusing spare: inout BlockCipher?
    ) throws(CryptoError) -> AuthenticationFinding {
        switch algorithm {
        case .milenage:
            let milenage = try milenage(&spare)
            let finding = try milenage.examine(random: random, token: token, against: numbers, isModified: isModified)
            spare = milenage.endUse()
            return finding
        case .tuak:
            return try tuak().examine(random: random, token: token, against: numbers, isModified: isModified)
        case .test:
            return try testAlgorithm().examine(
                random: random,
                token: token,
                against: numbers,
                isModified: isModified,
                // AMF_RESYNCH: TS 34.108 clause 8.1.2.
                forcesFailure: token.managementField == 0xFFFF
            )
        }
    }

    /// f2 to f5.
    func f2345(_ random: UInt128, reusing spare: inout BlockCipher?) throws(CryptoError) -> AuthenticationResult {
        switch algorithm {
        case .milenage:
            let milenage = try milenage(&spare)
            let result = try milenage.f2345(random)
            spare = milenage.endUse()
            return result
        case .tuak: return try tuak().f2345(random)
        case .test: return try testAlgorithm().f2345(random)
        }
    }

    private func milenage(_ spare: inout BlockCipher?) throws(CryptoError) -> Milenage {
        try Milenage(key: key, opc: opc.leading, constants: constants, reusing: &spare)
    }

    private func tuak() throws(CryptoError) -> TUAK {
        try TUAK(key: key, topc: opc, options: tuakOptions)
    }

    private func testAlgorithm() throws(CryptoError) -> TestAlgorithm {
        try TestAlgorithm(key: key, responseLength: 4 << Int(options & 0x03))
    }
}
