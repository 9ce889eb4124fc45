import Foundation
import Testing

/// `veuicc image map`, as the built program. tools/image_tools_test.py compares the numbers and the picture with what
/// the other reader finds.
struct ImageMapTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let fixture = Program.repository.appendingPathComponent("vectors/images/format-1.0.img")
        try FileManager.default.copyItem(atPath: fixture.path, toPath: directory.path + "/card.img")
    }

    @Test func text() throws {
        let result = try Program.veuicc("image", "map", "card.img", in: directory)
        #expect((result.status, result.stderr) == (0, ""))
        #expect(
            result.stdout == """
                format 1.0, 65536 octets, 1024 pages of 64, journal closed, defects 0

                owner  belongs to  quota  used  pages  filled  file  PIN codes  unblocking codes
                    0           -   none  1408     22  84.5 %     8          1                 1
                    1           0   8192   384      6  80.9 %     3          0                 0

                region       offset  octets  pages  in use  holds
                superblock        0      64      1  68.7 %  format 1.0
                owner table      64    2048     32   0.3 %  2 of 255 owners
                journal        2112    4096     64   0.0 %  closed
                page table     6208    4096     64   2.0 %  28 of 863 entries
                data          10304   55232    863   3.2 %  13 objects
                free: 53440 octets, 835 pages in 1 run, the largest of 53440 octets: pages 189 to 1023

                object  owner  kind              pages  octets  filled       in use  name
                   161      0  file                  1      37    64 %               MF
                   162      0  file                  4     193    76 %  4/4 records  EF.ARR
                   166      0  file                  1      43    73 %        10/10  EF.ICCID
                   167      0  file                  1      39    67 %          3/6  EF.PL
                   168      0  file                  1      42    71 %  3/3 records  2F10
                   169      0  file                  1      53    89 %  3/4 records  2F11
                   170      0  file                 10     633    99 %        5/600  2F12
                   180      0  file                  1      47    79 %               ADF.USIM
                   181      0  PIN codes             1      40    68 %               PIN codes of MF
                   182      0  unblocking codes      1      24    43 %               unblocking codes of MF
                   183      1  file                  1      33    57 %               DF.GSM
                   184      1  file                  4     233    92 %      200/200  DF.GSM/6F01
                   188      1  file                  1      33    57 %               DF.GSM/6F02

                """
        )
    }

    @Test func picture() throws {
        let result = try Program.veuicc("image", "map", "card.img", "--svg", "map.svg", in: directory)
        #expect((result.status, result.stdout, result.stderr) == (0, "", ""))
        let picture = try directory.read("map.svg")
        #expect(picture.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(picture.hasSuffix("</svg>\n"))
        // Page 184 starts at offset 11776: in row 5, in column 1536 of 2048, of which 7/16 is an octet.
        #expect(
            picture.contains(
                "<title>DF.GSM/6F01\n3F00/7F20/6F01\nowner 1, file\n233 of 252 octets, pages 184-187\nin use 200/200"
                    + "</title>"
            )
        )
        #expect(picture.contains("<rect class=\"o1\" x=\"748.6\""))
        let again = try Program.veuicc("image", "map", "card.img", "--svg", "-", in: directory)
        #expect(again.stdout == picture)
        let refused = try Program.veuicc("image", "map", "card.img", "--svg", "map.svg", in: directory)
        #expect((refused.status, refused.stderr) == (73, "Error: map.svg: the file exists already\n"))
    }

    /// Whatever is wrong in it, a map is made.
    @Test func anyOctets() throws {
        let image = [UInt8](try directory.octets("card.img"))
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<30 {
            var damaged = image
            for _ in 0..<100 {
                // The owner table, the page table and the pages in use.
                let offset = [64 + random(64), 6_208 + 644 + random(112), 10_304 + random(1_792)][random(3)]
                damaged[offset] = UInt8(random(256))
            }
            try Data(damaged).write(to: URL(fileURLWithPath: directory.path + "/bad.img"))
            for options in [[], ["--json"], ["--svg", "-"]] {
                let result = try Program.run(["image", "map", "bad.img"] + options, in: directory)
                #expect(result.status == 0 && result.stderr == "")
            }
            let diff = try Program.veuicc("image", "diff", "card.img", "bad.img", "--bytes", in: directory)
            #expect(diff.status == 1 && diff.stderr == "")
        }
    }
}
