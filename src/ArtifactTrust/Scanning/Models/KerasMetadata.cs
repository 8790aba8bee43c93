using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the file that Keras puts beside a SavedModel: objects with their configuration in JSON.</summary>
/// <param name="log">Where findings are kept.</param>
/// <param name="place">Where the bytes come from.</param>
internal sealed class KerasMetadata(ExaminationLog log, Place place)
{
    // Of one object, which has one.
    private const int MostTexts = 100;

    /// <summary>Examines bytes from their start.</summary>
    /// <returns>Whether they are such a file.</returns>
    internal bool Examine(PickleInput input, long length)
    {
        var found = false;
        while (ProtobufFields.TryRead(input, length, out var field))
        {
            var (end, texts, isObject) = (field.Position + (long)field.Value, new List<(long Position, long Length)>(), false);
            while (ProtobufFields.TryRead(input, end, out var inner))
            {
                isObject |= inner is { Number: 2, WireType: 0 };
                if (inner is { Number: 5, IsBytes: true })
                {
                    if (texts.Count == MostTexts)
                    {
                        return false;
                    }
                    texts.Add((inner.Position, (long)inner.Value));
                }
                if (inner.IsBytes)
                {
                    input.Skip((long)inner.Value);
                }
            }
            if (input.Position != end)
            {
                return false;
            }
            foreach (var (position, size) in isObject ? texts : [])
            {
                found = true;
                ExamineConfig(input, position, size);
            }
        }
        return found;
    }

    private void ExamineConfig(PickleInput input, long position, long length)
    {
        var inner = place with { Start = place.Start + position };
        if (length > Limits.ModelJsonBytes)
        {
            log.AddGap(inner, $"a configuration of more than {Limits.ModelJsonBytes} bytes");
            return;
        }
        var json = new byte[length];
        input.ReadAt(position, json);
        new KerasConfig(log, inner).Examine(json);
    }
}
