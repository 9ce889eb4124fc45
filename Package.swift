// swift-tools-version: 6.2
import PackageDescription

// The house of docs/architecture.md: a target imports only what stands below it in this list.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

/// The card side is many small functions over a few targets: in a release they are optimised as one.
let cardSide: [SwiftSetting] =
    strict + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

/// All of the card side. What uses a part of it names all of it: with the optimisation above, a change of any part can
/// change the code of its users.
let cardTargets: [Target.Dependency] = [
    "Octets", "CardCrypto", "Memory", "CardOS", "Telecom", "GlobalPlatform", "RemoteManagement", "ProfilePackage",
    "Card",
]

/// The command line carries the Swift runtime in itself in a release: it starts sooner, and needs no toolchain where it
/// runs. Tests, which it is linked with, cannot: VEUICC_SHARED_RUNTIME is for tests in a release.
let isStandalone = Context.environment["VEUICC_SHARED_RUNTIME"] == nil
let standalone: [SwiftSetting] =
    isStandalone ? [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))] : []
/// The C++ runtime below it likewise: tools/link.
let standaloneFlags = [
    "-static-stdlib", "-use-ld=lld", "-L\(Context.packageDirectory)/tools/link", "-Xclang-linker", "-static-libgcc",
]
let standaloneLinking: [LinkerSetting] =
    isStandalone ? [.unsafeFlags(standaloneFlags, .when(configuration: .release))] : []

let package = Package(
    name: "veuicc",
    products: [
        .executable(name: "veuicc", targets: ["veuicc"]),
        .executable(name: "veuicc-bench", targets: ["Benchmark"]),
        .library(name: "VeuiccCard", targets: ["Card"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // Libraries of the system.
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
        // A C target and no system library: of what pkg-config says about libpcsclite, SwiftPM refuses -pthread.
        .target(name: "CPCSC", linkerSettings: [.linkedLibrary("pcsclite")]),

        // Card side.
        .target(name: "Octets", swiftSettings: cardSide),
        .target(name: "CardCryptoSeam", dependencies: ["COpenSSL"]),
        .target(name: "CardCrypto", dependencies: ["Octets", "CardCryptoSeam"], swiftSettings: cardSide),
        .target(name: "Memory", dependencies: ["Octets"], swiftSettings: cardSide),
        .target(name: "CardOS", dependencies: ["Octets", "CardCrypto", "Memory"], swiftSettings: cardSide),
        .target(
            name: "Telecom",
            dependencies: ["Octets", "CardCrypto", "Memory", "CardOS"],
            swiftSettings: cardSide
        ),
        .target(
            name: "GlobalPlatform",
            dependencies: ["Octets", "CardCrypto", "Memory", "CardOS"],
            swiftSettings: cardSide
        ),
        .target(
            name: "RemoteManagement",
            dependencies: ["Octets", "CardCrypto", "Memory", "CardOS", "Telecom", "GlobalPlatform"],
            swiftSettings: cardSide
        ),
        .target(
            name: "ProfilePackage",
            dependencies: ["Octets", "CardCrypto", "Memory", "CardOS"],
            swiftSettings: cardSide
        ),
        .target(
            name: "Card",
            dependencies: [
                "Octets", "CardCrypto", "Memory", "CardOS", "Telecom", "GlobalPlatform", "RemoteManagement",
                "ProfilePackage",
            ],
            swiftSettings: cardSide
        ),

        // Host side.
        .target(name: "ImageFile", dependencies: ["Octets", "Memory"], swiftSettings: strict),
        .target(
            name: "Reader",
            dependencies: cardTargets + ["ImageFile", "CPCSC"],
            swiftSettings: strict
        ),
        .target(name: "CardManagement", dependencies: cardTargets + ["CLibZip", "Reader"], swiftSettings: strict),
        .target(name: "Trace", dependencies: ["Octets"], swiftSettings: strict),
        .target(
            name: "Conformance",
            dependencies: cardTargets + ["ImageFile", "Reader"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "veuicc",
            dependencies: cardTargets + [
                "CardCryptoSeam", "CardManagement", "Conformance", "ImageFile", "Reader", "Trace",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [.embedInCode("Resources/veuicc-default.der")],
            swiftSettings: strict + standalone,
            linkerSettings: standaloneLinking
        ),

        // The benchmark: tools/bench.
        .target(name: "BenchmarkUnits", dependencies: ["COpenSSL"]),
        .executableTarget(
            name: "Benchmark",
            dependencies: cardTargets + [
                "BenchmarkUnits", "ImageFile", "Reader",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .testTarget(name: "OctetsTests", dependencies: ["Octets"], swiftSettings: strict),
        .testTarget(
            name: "CardTests",
            dependencies: cardTargets + ["ImageFile"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ProfilePackageTests",
            dependencies: cardTargets,
            swiftSettings: strict
        ),
        .testTarget(name: "ImageFileTests", dependencies: ["Octets", "Memory", "ImageFile"], swiftSettings: strict),
        .testTarget(
            name: "ReaderTests",
            dependencies: cardTargets + ["Reader", "ImageFile", "CPCSC"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: cardTargets + ["Conformance", "ImageFile", "Reader"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CardManagementTests",
            dependencies: cardTargets + ["CardManagement", "CLibZip", "ImageFile", "Reader"],
            swiftSettings: strict
        ),
        .testTarget(name: "TraceTests", dependencies: ["Octets", "Trace"], swiftSettings: strict),
        // They run the built program.
        .testTarget(name: "VeuiccTests", dependencies: cardTargets + ["veuicc"], swiftSettings: strict),
        .testTarget(name: "MemoryTests", dependencies: ["Memory", "Octets"], swiftSettings: strict),
        .testTarget(
            name: "FaultTests",
            dependencies: cardTargets + ["ImageFile", "Reader"],
            exclude: ["Scripts", "Cases"],
            swiftSettings: strict
        ),
        .testTarget(name: "CardCryptoTests", dependencies: ["CardCrypto", "Octets"], swiftSettings: strict),
        .testTarget(
            name: "TelecomTests",
            dependencies: cardTargets,
            swiftSettings: strict
        ),
        .testTarget(
            name: "GlobalPlatformTests",
            dependencies: cardTargets,
            swiftSettings: strict
        ),
        .testTarget(
            name: "RemoteManagementTests",
            dependencies: cardTargets,
            swiftSettings: strict
        ),
    ]
)
