namespace ArtifactTrust.Scanning.Secrets;

/// <summary>Takes secrets out of what reports repeat of a file: names, paths, imports.</summary>
internal static class SecretMask
{
    private const string Hidden = "***";

    // No form is shorter.
    private const int Shortest = 8;

    /// <summary>The text with each secret in it replaced; the same object where there is none.</summary>
    internal static string Of(string text)
    {
        while (text.Length >= Shortest && SecretScanner.Find(text, 0, anywhere: true).FirstOrDefault(m => m.ValueLength > 0) is { } match)
        {
            var masked = string.Concat(text.AsSpan(0, match.ValueStart), Hidden, text.AsSpan(match.ValueStart + match.ValueLength));
            if (masked.Length >= text.Length)
            {
                // A password of three characters: what stands for it may be longer, and is found again.
                return string.Concat(text.AsSpan(0, match.ValueStart), Hidden);
            }
            text = masked;
        }
        return text;
    }
}
