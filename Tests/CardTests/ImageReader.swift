import Foundation
import Testing

/// `tools/image-reader.py`, which is written from docs/memory-image.md alone, in one Python process for many images.
enum ImageReader {
    private static let prologue = """
        import hashlib, importlib.util, json, pathlib, sys
        specification = importlib.util.spec_from_file_location("image_reader", sys.argv[1])
        reader = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(reader)
        request = json.load(sys.stdin)

        """

    /// Runs `script`, which finds the module as `reader` and prints JSON, on `request`.
    static func run<Answer: Decodable>(_ script: String, _ request: some Encodable, as: Answer.Type) throws -> Answer {
        let tool = Vectors.folder.deletingLastPathComponent().appending(path: "tools/image-reader.py").path
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", prologue + script, tool]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(request))
        try input.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try JSONDecoder().decode(Answer.self, from: answer)
    }
}

/// Images with one octet changed.
struct Mutation: Codable, CustomStringConvertible {
    let offset: Int
    let mask: UInt8

    var description: String { "octet \(offset) changed by \(mask)" }
}

extension ImageReader {
    /// Whether the reader accepts the image at `path` with each of the mutations.
    static func accepts(_ mutations: [Mutation], of path: String) throws -> [Bool] {
        struct Request: Encodable {
            let path: String
            let mutations: [Mutation]
        }
        let script = """
            octets = bytearray(pathlib.Path(request["path"]).read_bytes())
            def accepts(offset, mask):
                octets[offset] ^= mask
                try:
                    return not reader.Image(bytes(octets)).problems
                except reader.NotAnImage:
                    return False
                finally:
                    octets[offset] ^= mask
            print(json.dumps([accepts(mutation["offset"], mutation["mask"]) for mutation in request["mutations"]]))
            """
        return try run(script, Request(path: path, mutations: mutations), as: [Bool].self)
    }

    /// A file as the reader sees it.
    struct File: Decodable {
        let path: String
        let type: String
        let size: Int
        let record_length: Int
        let sfi: Int
        let special: String
        let attributes: String
        let link: String?
        let body: String?
    }

    /// What the reader sees in an image.
    struct Content: Decodable {
        let problems: [String]
        let files: [File]
    }

    /// What the reader sees in the images at `paths`.
    static func contents(_ paths: [String]) throws -> [Content] {
        let script = """
            def content(path):
                image = reader.Image(pathlib.Path(path).read_bytes())
                files = image.export()["files"]
                for line in files:
                    file = image.files[line["object"]]
                    body = None if file.structure == "DF" else image.body(file)
                    if line["type"] == "BT":
                        body = body[:line["used"]]
                    line["body"] = None if body is None else body.hex().upper()
                return {"problems": [f"{offset}: {reason}" for offset, reason in image.problems], "files": files}
            print(json.dumps([content(path) for path in request]))
            """
        return try run(script, paths, as: [Content].self)
    }
}
