using System.Globalization;
using ArtifactTrust.Benchmarks;

if (args is ["warm", .. var arguments])
{
    Console.WriteLine(WarmVerification.Run(arguments).ToString("F0", CultureInfo.InvariantCulture));
}
else if (args is ["images", .. var images])
{
    await ImageVerification.RunAsync(images);
}
else
{
    BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
