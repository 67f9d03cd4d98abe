# Makes one page of the files in FROM, and of that the C++ file TO: the text, its tag, and its Content-Security-Policy. In page.html
# a line "@@NAME@@" stands for the file NAME, and "@@SCRIPT@@" for the scripts.
set(scripts asking.js reading.js ring.js drawing.js page.js)

# The base64 of a SHA-256, given as 64 hexadecimal digits.
function(base64_of hex result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(text "")
  string(APPEND hex "00")  # 33 bytes: eleven groups of three
  foreach(group RANGE 10)
    math(EXPR at "${group} * 6")
    string(SUBSTRING ${hex} ${at} 6 digits)
    math(EXPR bits "0x${digits}")
    foreach(shift 18 12 6 0)
      math(EXPR sextet "(${bits} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${sextet} 1 letter)
      string(APPEND text ${letter})
    endforeach()
  endforeach()
  string(SUBSTRING ${text} 0 43 text)
  set(${result} "${text}=" PARENT_SCOPE)
endfunction()

# Semicolons, brackets and backslashes pass through CMake's lists badly, but through its strings well.
file(READ ${FROM}/page.html page)
file(READ ${FROM}/page.css style)
set(script "\"use strict\";\n")
foreach(name IN LISTS scripts)
  file(READ ${FROM}/${name} piece)
  string(APPEND script "${piece}")
endforeach()
string(REPLACE "@@STYLE@@" "${style}" page "${page}")
string(REPLACE "@@SCRIPT@@" "${script}" page "${page}")
string(SHA256 style_hash "${style}")
string(SHA256 script_hash "${script}")
base64_of(${style_hash} style_hash)
base64_of(${script_hash} script_hash)

file(WRITE ${TO}.html "${page}")
file(READ ${TO}.html bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")

set(policy "default-src 'none'; script-src 'sha256-${script_hash}'; style-src 'sha256-${style_hash}'")
string(APPEND policy "; connect-src 'self' http:; img-src data:; base-uri 'none'; form-action 'none'")
string(APPEND policy "; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
string(SHA256 hash "${page}${policy}")
string(SUBSTRING ${hash} 0 32 tag)
file(WRITE ${TO} "// Made by host/http/page/embed.cmake.
#include \"http/page_file.h\"

namespace p2p::host {
namespace {
constexpr char kBytes[] = {
${bytes}
};
}  // namespace

const std::string_view kPageText(kBytes, sizeof kBytes);
const std::string_view kPageTag = \"\\\"${tag}\\\"\";
const std::string_view kPagePolicy = \"${policy}\";

}  // namespace p2p::host
")
