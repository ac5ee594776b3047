// The reader of GGUF headers, on files that are built here byte by byte.

#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "checks.hpp"
#include "file.hpp"
#include "gguf_check.hpp"
#include "gguf_facts.hpp"
#include "gguf_header.hpp"
#include "log.hpp"

namespace {

using checks::check;
using checks::refuses;
using harness::exit_code;

std::string u32(uint32_t number) {
    std::string bytes(sizeof(number), '\0');
    std::memcpy(bytes.data(), &number, sizeof(number));
    return bytes;
}

std::string u64(uint64_t number) {
    std::string bytes(sizeof(number), '\0');
    std::memcpy(bytes.data(), &number, sizeof(number));
    return bytes;
}

std::string text(const std::string & content) { return u64(content.size()) + content; }

std::string head(uint32_t version, uint64_t tensors, uint64_t values) {
    return "GGUF" + u32(version) + u64(tensors) + u64(values);
}

const std::string architecture = text("general.architecture") + u32(8) + text("llama");
const std::string context = text("llama.context_length") + u32(4) + u32(256);
const std::string tokens = text("tokenizer.ggml.tokens") + u32(9) + u32(8) + u64(3) + text("a") + text("") + text("bc");
const std::string scores = text("tokenizer.ggml.scores") + u32(9) + u32(6) + u64(3) + std::string(12, '\0');

// One tensor, of 256 elements where no number is given.
std::string tensor(uint32_t type, uint64_t offset = 0, uint64_t columns = 256, uint64_t rows = 1) {
    return text("t" + std::to_string(type)) + u32(2) + u64(columns) + u64(rows) + u32(type) + u64(offset);
}

std::string model(uint32_t type, size_t data_bytes) {
    std::string bytes = head(3, 1, 4) + architecture + context + tokens + scores + tensor(type);
    bytes.resize((bytes.size() + 31) / 32 * 32, '\0');  // the data begin at a multiple of 32
    return bytes + std::string(data_bytes, '\0');
}

// A file with these bytes, gone when the object is.
class temporary_file {
  public:
    explicit temporary_file(const std::string & bytes) {
        const int handle = mkstemp(path_.data());
        const harness::file_ptr file(handle < 0 ? nullptr : fdopen(handle, "wb"));
        if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
            throw std::runtime_error(path_ + ": cannot be written");
        }
    }
    ~temporary_file() { std::remove(path_.c_str()); }
    const std::string & path() const { return path_; }

  private:
    std::string path_ = (std::filesystem::temp_directory_path() / "gguf-header-test-XXXXXX").string();
};

void refuses_bytes(const std::string & bytes, const std::string & part, const std::string & claim) {
    const temporary_file file(bytes);
    refuses([&file] { harness::read_gguf_facts(file.path()); }, exit_code::bad_input, part, claim);
}

void reads_a_sound_file() {
    const temporary_file file(model(0, 1024));
    const auto facts = harness::read_gguf_facts(file.path());
    check(facts.architecture == "llama" && facts.context == 256, "architecture and context");
    check(facts.vocabulary_size == 3, "tokens are counted");
    check(facts.tensor_type_counts.size() == 1 && facts.tensor_type_counts.at("F32") == 1, "types are counted");
    check(facts.unreadable.empty(), "the library can read it");
}

void names_types_that_the_library_does_not_know() {
    for (const uint32_t type : {36u, 31u, 4u, 136u, 4000000000u}) {
        const temporary_file file(model(type, 96));
        const auto facts = harness::read_gguf_facts(file.path());
        const std::string name = type == 36 ? "I2_S" : "type-" + std::to_string(type);
        check(facts.tensor_type_counts.count(name) == 1, name + " is counted");
        check(facts.unreadable.find(name) != std::string::npos, name + " is the reason");
        refuses([&file] { harness::require_readable(file.path()); }, exit_code::unavailable, name, name);
    }
}

void refuses_every_truncation() {
    const std::string whole = model(0, 1024);
    int refused = 0;
    for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
        const temporary_file file(whole.substr(0, bytes));
        try {
            harness::read_gguf_facts(file.path());
            check(false, "cut to " + std::to_string(bytes) + " bytes");
        } catch (const harness::failure & error) {
            refused += error.code() == exit_code::bad_input ? 1 : 0;
        }
    }
    check(refused == static_cast<int>(whole.size()), "every shorter file is refused");
}

void refuses_malformed_headers() {
    refuses_bytes("", "the magic number", "an empty file");
    refuses_bytes("GGML" + std::string(64, '\0'), "does not begin", "another magic number");
    refuses_bytes(head(1, 0, 0), "version 1", "version 1");
    refuses_bytes(head(4, 0, 0), "version 4", "version 4");
    refuses_bytes(head(0x03000000, 0, 0), "version", "big-endian");
    refuses_bytes(head(3, 0, 0), "general.architecture", "no architecture");
    refuses_bytes(head(3, 0, 1) + text("general.architecture") + u32(4) + u32(1), "general.architecture",
                  "an architecture that is a number");
    refuses_bytes(head(3, UINT64_MAX, 1) + architecture, "ends within", "2^64-1 tensors");
    refuses_bytes(head(3, 0, UINT64_MAX) + architecture, "ends within", "2^64-1 values");
    refuses_bytes(head(3, 0, 1) + u64(UINT64_MAX), "a metadata key", "a key of 2^64-1 bytes");
    refuses_bytes(head(3, 0, 1) + text(std::string(70000, 'k')), "a metadata key", "a key of 70000 bytes");
    refuses_bytes(head(3, 0, 1) + text("k") + u32(8) + u64(1000), "a string of 1000 bytes", "a string beyond the end");
    refuses_bytes(head(3, 0, 1) + text("k") + u32(13), "type 13", "a value type that is none");
    refuses_bytes(head(3, 0, 1) + text("k") + u32(9) + u32(9) + u64(1), "type 9", "an array of arrays");
    refuses_bytes(head(3, 0, 1) + text("k") + u32(9) + u32(10) + u64(UINT64_MAX / 8 + 2), "more elements",
                  "an array whose bytes wrap");
    refuses_bytes(head(3, 0, 1) + text("k") + u32(9) + u32(8) + u64(UINT64_MAX), "ends within", "2^64-1 strings");
    refuses_bytes(head(3, 1, 1) + architecture + text("t") + u32(5), "5 dimensions", "five dimensions");
    refuses_bytes(head(3, 2, 1) + architecture + tensor(0) + tensor(0), "", "two tensors of one name");
    refuses_bytes(head(3, 0, 2) + architecture + architecture, "", "two values of one key");
    refuses_bytes(head(3, 1, 1) + architecture + tensor(0, 7), "", "an offset that is not aligned");
}

// The check for libraries whose own reader is not to be asked.
void check_ours(const std::string & bytes) {
    const temporary_file file(bytes);
    harness::check_by_header(harness::read_gguf_header(file.path()), file.path());
}

void refuses_data(const std::string & bytes, const std::string & part, const std::string & claim) {
    refuses([&bytes] { check_ours(bytes); }, exit_code::bad_input, part, claim);
}

void finds_missing_data_without_the_library() {
    // 256 elements: F32 takes 1024 bytes, Q4_0 144, I2_S 64 and 32.
    for (const auto & [type, bytes] : {std::pair<uint32_t, size_t>{0, 1024}, {2, 144}, {36, 96}}) {
        const std::string name = "type " + std::to_string(type);
        check_ours(model(type, bytes));
        check(true, name + " is all there");
        refuses_data(model(type, bytes - 1), "ends before", name + ", one byte less");
        refuses_data(model(type, 0), "ends before", name + " without data");
    }
    const auto with = [](const std::string & line) {
        return head(3, 1, 1) + architecture + line + std::string(4096, '\0');
    };
    refuses_data(with(tensor(0, 7)), "multiple of 32", "an offset that is not aligned");
    refuses_data(with(tensor(0, UINT64_MAX - 31)), "ends before", "an offset that wraps");
    refuses_data(with(tensor(2, 0, 100)), "multiple of 32", "rows that are no whole blocks");
    refuses_data(with(tensor(0, 0, 0)), "0 elements", "an empty tensor");
    refuses_data(with(tensor(0, 0, 1ull << 33, 1ull << 33)), "beyond 64 bits", "dimensions whose product wraps");
    refuses_data(with(tensor(0, 0, 1ull << 32, 1ull << 31)), "elements", "more elements than have a sign");
    const std::string alignment = text("general.alignment") + u32(4);
    for (const uint32_t number : {0u, 3u}) {
        refuses_data(head(3, 0, 2) + architecture + alignment + u32(number), "a power of 2", "a wrong alignment");
    }
}

void refuses_what_is_no_file() {
    refuses([] { harness::read_gguf_facts("/nonexistent/model.gguf"); }, exit_code::unavailable, "cannot be opened",
            "no file");
    const std::string folder = std::filesystem::temp_directory_path().string();
    refuses([&folder] { harness::read_gguf_facts(folder); }, exit_code::unavailable, "not a regular file", "a folder");
}

}  // namespace

int main() {
    harness::install_log();
    reads_a_sound_file();
    names_types_that_the_library_does_not_know();
    refuses_every_truncation();
    refuses_malformed_headers();
    finds_missing_data_without_the_library();
    refuses_what_is_no_file();
    return checks::report();
}
