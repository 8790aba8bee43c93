using System.Net;
using System.Net.Sockets;

namespace ArtifactTrust.EndToEnd;

/// <summary>Ports of this machine for servers that have to be told theirs, and for those that a test says nobody listens on.</summary>
internal static class LoopbackPort
{
    // Below the ports that kernels give to connections, of which other tests make thousands meanwhile.
    private const int First = 20_000;
    private const int Count = 8_000;

    private static int _next = Random.Shared.Next(Count);

    /// <summary>A port that nothing listens on, and that no other test of this process gets.</summary>
    internal static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
