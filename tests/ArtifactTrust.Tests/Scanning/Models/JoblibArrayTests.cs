using System.Buffers.Binary;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>
/// Arrays between the opcodes, as joblib writes them. Where their size is taken for another than joblib takes, what joblib runs lies inside of a value for us.
/// </summary>
public sealed class JoblibArrayTests
{
    private const string Wrapper = "cjoblib.numpy_pickle\nNumpyArrayWrapper\n";
    private const string DataType = "cnumpy\ndtype\n";
    private const string One = "K\u0001\u0085";
    private const string Hundred = "K\u0064\u0085";
    private const string Bytes1 = DataType + "U\u0002u1\u0089\u0088\u0087R";
    private const string Aligned = "U\u001bnumpy_array_alignment_bytesK\u0010";

    public static TheoryData<string, string> Disguises =>
        new()
        {
            {
                "the stand-in is made by a function that is given the class",
                $"ccopyreg\n__newobj__\n{Wrapper}\u0085R}}({State(Bytes1, One)}ub"
            },
            {
                "the stand-in is made by a function that is given the class, as old picklers do",
                $"ccopyreg\n_reconstructor\n{Wrapper}cbuiltins\nobject\nN\u0087R}}({State(Bytes1, One)}ub"
            },
            {
                "the class of something else is changed",
                $"cargparse\nNamespace\n)\u0081N}}({State(Bytes1, One)}U\u0009__class__{Wrapper}u\u0086b"
            },
            { "the state of a structure says another size", $"{Wrapper})\u0081}}({State(Changed("V1", "K\u0064", "K\u0010"), One)}ub" },
            { "the state of a text says another size", $"{Wrapper})\u0081}}({State(Changed("S1", "K\u0064", "K\0"), One)}ub" },
            { "the state of a type says that it holds objects", $"{Wrapper})\u0081}}({State(Changed("V8", "K\u0008", "K?"), One)}ub" },
            {
                "a type is changed that a call returned again",
                $"{Wrapper})\u0081{Bytes1}q\u0001{DataType}h\u0001\u0085R(K\u0003U\u0001|NNNK\u0064K\u0001K\0tb00}}({State("h\u0001", One)}ub"
            },
            { "the shape is set again", $"{Wrapper})\u0081}}({State(Bytes1, One)}u(U\u0005shape{Hundred}ub" },
            { "the shape is set again by itself", $"{Wrapper})\u0081}}({State(Bytes1, One)}uU\u0005shape{Hundred}sb" },
            {
                "the shape is set again by way of the memo",
                $"{Wrapper})\u0081}}q\u0001({State(Bytes1, One)}uh\u0001U\u0005shape{Hundred}s0b"
            },
            { "a copy of the state is changed first", $"{Wrapper})\u0081}}2{Aligned}s0({State(Bytes1, One)}ub" },
            { "a member is set before", $"{Wrapper})\u0081}}{Aligned}s({State(Bytes1, One)}ub" },
            { "the shape is named by a call", $"{Wrapper})\u0081}}({State(Bytes1, One)}cbuiltins\nstr\nU\u0005shape\u0085R{Hundred}ub" },
            { "the alignment is no number", $"{Wrapper})\u0081}}({State(Bytes1, One)}U\u001bnumpy_array_alignment_bytes\u0088ub" },
        };

    [Theory]
    [MemberData(nameof(Disguises))]
    public void An_array_whose_size_may_be_another_is_not_clean(string disguise, string pickle)
    {
        // A value to its end for us, in the middle of which joblib would go on.
        var scan = Scan(Join(Bytes($"\u0080\u0002{pickle}N"), Value(300), Bytes("0.")));
        Assert.True(scan.Verdict is FileVerdict.Inconclusive, disguise);
        Assert.NotEmpty(scan.Gaps);
    }

    [Theory]
    [InlineData("u1", "J\u00ff\u00ff\u00ff\u00ff", 100)]
    [InlineData("V8", "K\u0008", 800)]
    [InlineData("S3", "K\u0003", 300)]
    [InlineData("U3", "K\u000c", 1200)]
    public void An_array_as_joblib_writes_it_is_clean(string code, string elementSize, int size)
    {
        var type = Changed(code, elementSize, "K\u0010");
        foreach (var alignment in new[] { "", "U\u001bnumpy_array_alignment_bytesN", Aligned })
        {
            var padding = alignment == Aligned ? new byte[] { 1, 0xff } : [];
            var scan = Scan(
                Join(
                    Bytes($"\u0080\u0002{Wrapper})\u0081}}q\u0001({State(type, Hundred)}{alignment}ub"),
                    padding,
                    new byte[size],
                    Bytes(".")
                )
            );
            Assert.True(scan.Verdict is FileVerdict.Clean, $"{code}: {string.Join("; ", scan.Gaps)}");
        }
    }

    [Theory]
    [InlineData("cbuiltins\nlist\n)R0cos\nsystem\nU\u0001x\u0085R.")]
    [InlineData("cbuiltins\nlist\n)R0ccollections\nOrderedDict\n)R0cposix\nsystem\nU\u0001x\u0085R.")]
    public void A_harmless_call_among_the_bytes_of_an_array_hides_none_behind_it(string data)
    {
        Assert.Contains(Scan(Array(Bytes(data))).Findings, f => f.Id == "array-opcodes");
    }

    [Fact]
    public void A_name_among_the_bytes_of_an_array_that_is_too_long_to_be_told_is_found()
    {
        var name = string.Concat(Enumerable.Repeat("path.os.", 200)) + "system";
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, name.Length);
        var data = Join([0x80, 4], Short("os"), Bytes("X"), length, Bytes(name), [0x93], Short("true"), [0x85], Bytes("R."));
        Assert.Contains(Scan(Array(data)).Findings, f => f.Id == "array-opcodes");
    }

    private static byte[] Array(byte[] data)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        return Join(
            Bytes($"\u0080\u0002{Wrapper})\u0081}}(U\u0005shapeJ"),
            length,
            Bytes($"\u0085U\u0005dtype{Bytes1}ub"),
            data,
            Bytes(".")
        );
    }

    private static byte[] Value(int length)
    {
        var value = new byte[5 + length];
        value[0] = (byte)'B';
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(1), length);
        return value;
    }

    private static string State(string type, string shape) => $"U\u0005shape{shape}U\u0005dtype{type}";

    private static string Changed(string code, string size, string flags) =>
        $"{DataType}U\u0002{code}\u0089\u0088\u0087R(K\u0003U\u0001|NNN{size}K\u0001{flags}tb";
}
