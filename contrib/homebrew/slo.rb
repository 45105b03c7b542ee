# Template for a Homebrew formula. The release workflow prints the checksums; fill them in, with the version and the owner.
class Slo < Formula
  desc "Error budgets, streaks and CI verdicts from health transitions"
  homepage "https://github.com/OWNER/slo"
  version "0.1.0"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/OWNER/slo/releases/download/v#{version}/slo-v#{version}-aarch64-apple-darwin.tar.gz"
      sha256 "SHA256_AARCH64_APPLE_DARWIN"
    end
    on_intel do
      url "https://github.com/OWNER/slo/releases/download/v#{version}/slo-v#{version}-x86_64-apple-darwin.tar.gz"
      sha256 "SHA256_X86_64_APPLE_DARWIN"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/OWNER/slo/releases/download/v#{version}/slo-v#{version}-aarch64-unknown-linux-musl.tar.gz"
      sha256 "SHA256_AARCH64_UNKNOWN_LINUX_MUSL"
    end
    on_intel do
      url "https://github.com/OWNER/slo/releases/download/v#{version}/slo-v#{version}-x86_64-unknown-linux-musl.tar.gz"
      sha256 "SHA256_X86_64_UNKNOWN_LINUX_MUSL"
    end
  end

  def install
    bin.install "slo"
    man1.install Dir["man1/*.1"]
    bash_completion.install "completions/slo.bash" => "slo"
    zsh_completion.install "completions/_slo"
    fish_completion.install "completions/slo.fish"
  end

  test do
    assert_match "breaching", shell_output("#{bin}/slo demo")
  end
end
