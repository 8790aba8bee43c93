using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Notation;

/// <summary>CBOR that says the same in another way, or something else, is not read.</summary>
public sealed class CoseFormTests
{
    private static readonly byte[] Headers = Cbor.Map([
        (Cbor.Number(1), Cbor.Number(-7)),
        (Cbor.Number(2), Cbor.Array(Cbor.Text(NotationDraft.Scheme))),
        (Cbor.Number(3), Cbor.Text("application/vnd.cncf.notary.payload.v1+json")),
        (Cbor.Text(NotationDraft.Scheme), Cbor.Text("notary.x509")),
        (Cbor.Text(NotationDraft.SigningTime), Cbor.Tag(1, Cbor.Number(1_800_000_000))),
    ]);

    private static readonly byte[] Chain = Cbor.Array(Cbor.Bytes(NotationDraft.Good.Certificates[0].RawData));

    [Fact]
    public void The_form_that_the_others_change_is_read() =>
        Assert.Equal("ES256", NotationScene.Parse(false, Envelope(Headers, Unprotected())).Algorithm);

    [Theory]
    // Indefinite lengths, of the envelope and inside.
    [InlineData("D29F41A0A041004100FF")]
    [InlineData("D2845F41A0FFA041004100")]
    [InlineData("D28441A0BFFF41004100")]
    // Heads that are longer than they need be.
    [InlineData("D8128441A0A041004100")]
    [InlineData("D298044058")]
    // Another tag, no tag, another count, another kind.
    [InlineData("D1844041A041004100")]
    [InlineData("8440A041004100")]
    [InlineData("D28340A04100")]
    [InlineData("D28540A04100410000")]
    [InlineData("D284A0A041004100")]
    [InlineData("D28440A0F64100")]
    [InlineData("D2")]
    [InlineData("")]
    [InlineData("D284401C")]
    // Counts and lengths beyond the end.
    [InlineData("D29BFFFFFFFFFFFFFFFF")]
    [InlineData("D2845BFFFFFFFFFFFFFFFF")]
    [InlineData("D28440BBFFFFFFFFFFFFFFFF")]
    public void Another_encoding_is_malformed(string hex) =>
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(false, Convert.FromHexString(hex)));

    [Fact]
    public void Headers_of_another_form_are_malformed()
    {
        var agent = Cbor.Text("io.cncf.notary.signingAgent");
        (byte[], byte[]) again = (Cbor.Number(1), Cbor.Number(-7));
        // Each is the map of headers with one more member, or another one.
        Refused(Member(again), Unprotected());
        Refused(Member((Cbor.Text("1"), Cbor.Number(-7))), Unprotected());
        Refused(Member((Cbor.Number(4), Cbor.Bytes([1]))), Unprotected());
        Refused(Member((Cbor.Text(NotationDraft.Expiry), Cbor.Number(1_800_000_000))), Unprotected());
        Refused(Member((Cbor.Text(NotationDraft.Expiry), Cbor.Tag(0, Cbor.Text("2030-01-01T00:00:00Z")))), Unprotected());
        Refused(Member((Cbor.Text(NotationDraft.Expiry), Cbor.Tag(1, [0xFB, 0x41, 0xDA, 0xD0, 0, 0, 0, 0, 0]))), Unprotected());
        Refused(Member((Cbor.Text(NotationDraft.Expiry), Cbor.Tag(1, Cbor.Number(-1)))), Unprotected());
        Refused(Member((Cbor.Text(NotationDraft.Expiry), Cbor.Tag(1, [0x1B, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))), Unprotected());
        Refused(Member((Cbor.Text("x"), [0xFF])), Unprotected());
        Refused(Member((Cbor.Text("x"), [0x62, 0xC3, 0x28])), Unprotected());
        Refused(Member((Cbor.Text("x"), [.. Enumerable.Repeat((byte)0x81, 100), 0])), Unprotected());
        Refused(Member((Cbor.Number(33), Chain)), Unprotected());
        Refused([.. Headers, 0], Unprotected());
        Refused(Headers, Cbor.Map([]));
        Refused(Headers, Cbor.Map([(Cbor.Number(33), Cbor.Bytes([1]))]));
        Refused(Headers, Cbor.Map([(Cbor.Number(33), Chain), (Cbor.Number(33), Chain)]));
        Refused(Headers, Cbor.Map([(Cbor.Number(33), Chain), (Cbor.Text("more"), Cbor.Number(1))]));
        Refused(Headers, Cbor.Map([(Cbor.Number(33), Chain), (agent, Cbor.Number(1))]));
        for (var missing = 0; missing < 4; missing++)
        {
            Refused(Without(missing), Unprotected());
        }
        // Values that nobody looks at are read over, and the chain may be among the protected headers.
        Read(
            Member(
                (Cbor.Text("x"), Cbor.Map([(Cbor.Number(1), Cbor.Array([0xF5], [0xF6], [0xF9, 0x3C, 0], Cbor.Tag(1, Cbor.Number(-300))))]))
            ),
            Unprotected()
        );
        Read(Member((Cbor.Number(33), Chain)), Cbor.Map([]));
    }

    private static void Refused(byte[] headers, byte[] unprotected) =>
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(false, Envelope(headers, unprotected)));

    private static void Read(byte[] headers, byte[] unprotected) =>
        Assert.Single(NotationScene.Parse(false, Envelope(headers, unprotected)).Certificates);

    private static byte[] Unprotected() => Cbor.Map([(Cbor.Number(33), Chain)]);

    private static byte[] Envelope(byte[] headers, byte[] unprotected) =>
        Cbor.Tag(18, Cbor.Array(Cbor.Bytes(headers), unprotected, Cbor.Bytes([1]), Cbor.Bytes([2])));

    private static byte[] Member((byte[] Key, byte[] Value) member) =>
        [(byte)(Headers[0] + 1), .. Headers[1..], .. member.Key, .. member.Value];

    private static byte[] Without(int member)
    {
        (byte[], byte[])[] all =
        [
            (Cbor.Number(1), Cbor.Number(-7)),
            (Cbor.Number(2), Cbor.Array(Cbor.Text(NotationDraft.Scheme))),
            (Cbor.Number(3), Cbor.Text("application/vnd.cncf.notary.payload.v1+json")),
            (Cbor.Text(NotationDraft.Scheme), Cbor.Text("notary.x509")),
        ];
        return Cbor.Map([.. all.Where((_, i) => i != member)]);
    }
}
