#include "ctl/copy_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace p2p::ctl {
namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::uint64_t rate_of(std::uint64_t keys, Duration elapsed) {
  const double seconds = seconds_of(elapsed);
  return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(keys) / seconds) : 0;
}

const char* name_of(CopyEnd end) {
  switch (end) {
    case CopyEnd::complete:
      return "complete";
    case CopyEnd::interrupted:
      return "interrupted";
    case CopyEnd::failed:
      return "failed";
  }
  return "";
}

}  // namespace

CopyTally tally_of(const std::vector<CopyTally>& passes) {
  if (passes.empty()) return {};
  CopyTally all = passes.back();
  std::uint64_t copied_before = 0;
  for (std::size_t at = 0; at + 1 < passes.size(); ++at) {
    copied_before += passes[at].copied;
    all.bytes += passes[at].bytes;
  }
  all.copied += copied_before;
  all.already_there -= std::min(all.already_there, copied_before);
  return all;
}

std::string copy_line(const CopyTally& tally, Duration elapsed) {
  std::string line =
      fmt::format("{} keys: {} copied ({:.1f} MiB), {} already there, {} failed", tally.keys(), tally.copied,
                  static_cast<double>(tally.bytes) / (1024.0 * 1024.0), tally.already_there, tally.failed);
  if (tally.expired != 0) line += fmt::format(", {} expired on the way", tally.expired);
  return line + fmt::format("; {} keys/s", rate_of(tally.keys(), elapsed));
}

std::string copy_text(const CopyReport& report) {
  return fmt::format("{} -> {}, {} in {:.1f} s: {}\n", report.from, report.to, name_of(report.end),
                     seconds_of(report.elapsed), copy_line(report.tally, report.elapsed));
}

nlohmann::json copy_json(const CopyReport& report) {
  const CopyTally& tally = report.tally;
  nlohmann::json document{{"from", report.from},
                          {"to", report.to},
                          {"end", name_of(report.end)},
                          {"copied", tally.copied},
                          {"already_there", tally.already_there},
                          {"failed", tally.failed},
                          {"expired", tally.expired},
                          {"bytes", tally.bytes},
                          {"seconds", seconds_of(report.elapsed)},
                          {"failures", report.failures}};
  if (!report.why.empty()) document["why"] = report.why;
  return document;
}

}  // namespace p2p::ctl
