#include "http/host_names.h"

#include "serving/asio.h"
#include "text/address_kind.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace p2p::host {
namespace {

std::string lower(std::string_view text) {
  std::string all(text);
  for (char& one : all)
    if (one >= 'A' && one <= 'Z') one = static_cast<char>(one - 'A' + 'a');
  return all;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_address(const std::string& name) {
  error_code failure;
  asio::ip::make_address(name, failure);
  return !failure;
}

}  // namespace

std::string name_in_host(std::string_view field) {
  std::string_view name = field;
  std::string_view rest;
  if (field.starts_with('[')) {
    const std::size_t end = field.find(']');
    if (end == std::string_view::npos) return {};
    name = field.substr(1, end - 1);
    rest = field.substr(end + 1);
  } else if (const std::size_t colon = field.find(':'); colon != std::string_view::npos) {
    name = field.substr(0, colon);
    rest = field.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
  return lower(name);
}

std::string name_in_origin(std::string_view field) {
  constexpr std::string_view kScheme = "http://";
  return field.starts_with(kScheme) ? name_in_host(field.substr(kScheme.size())) : std::string();
}

bool is_loopback_name(const std::string& name) { return name == "localhost" || is_loopback(name); }

bool is_ours(std::string_view field, bool takes_addresses, const std::vector<std::string>& known) {
  const std::string name = name_in_host(field);
  if (name.empty()) return false;
  if (name == "localhost") return true;
  // Written in full only: what a resolver would take for a number ("127.1") is a name to whoever checks it.
  if (is_address(name)) return takes_addresses || is_loopback(name);
  return std::ranges::any_of(known, [&](const std::string& one) { return lower(one) == name; });
}

}  // namespace p2p::host
