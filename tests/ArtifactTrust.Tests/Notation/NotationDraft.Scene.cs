namespace ArtifactTrust.Tests.Notation;

internal sealed partial class NotationDraft
{
    internal static readonly TestChain Good = TestChain.Create();

    /// <summary>A signature of the manifest in <see cref="NotationScene"/>.</summary>
    internal NotationDraft()
        : this(Good, NotationScene.Data("manifest.json"), NotationScene.Now.AddHours(-1)) { }
}
