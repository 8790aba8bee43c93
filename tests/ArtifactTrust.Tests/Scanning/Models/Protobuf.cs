using System.Text;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>Messages of protocol buffers for tests.</summary>
internal static class Protobuf
{
    public static byte[] Number(int field, ulong value) => [.. Varint((ulong)field << 3), .. Varint(value)];

    public static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    public static byte[] Message(int field, params byte[][] parts)
    {
        var content = Pickled.Join(parts);
        return [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)content.Length), .. content];
    }

    public static byte[] Onnx(params byte[][] graph) =>
        Pickled.Join(Number(1, 8), Text(2, "test"), Message(7, graph), Message(8, Number(2, 17)));

    public static byte[] OnnxNode(string type, string domain, params byte[][] attributes) =>
        Message(1, [Text(4, type), .. domain.Length > 0 ? [Text(7, domain)] : Array.Empty<byte[]>(), .. attributes]);

    public static byte[] ExternalTensor(string location) =>
        Message(5, Number(1, 2), Text(8, "w"), Message(13, Text(1, "location"), Text(2, location)), Number(14, 1));

    public static byte[] SavedModel(params byte[][] graph) =>
        Pickled.Join(Number(1, 1), Message(2, Message(1, Text(5, "2.16.0")), Message(2, graph)));

    public static byte[] Node(string op) => Message(1, Text(1, "n"), Text(2, op));

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
