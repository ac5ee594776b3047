#include "npy_writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "error.hpp"

namespace harness {
namespace {

// "\x93NUMPY", version 1.0, and two bytes of header length.
constexpr size_t fixed_bytes = 10;
// What the data is aligned to, by the format's recommendation.
constexpr size_t alignment = 64;

std::string header(size_t rows, size_t columns) {
    std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(columns) + "), }";
    const size_t whole = (fixed_bytes + text.size() + 1 + alignment - 1) / alignment * alignment;
    text.append(whole - fixed_bytes - text.size() - 1, ' ');
    text.push_back('\n');
    const auto length = static_cast<uint16_t>(text.size());
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes.push_back(static_cast<char>(length & 0xff));
    bytes.push_back(static_cast<char>(length >> 8));
    return bytes + text;
}

[[noreturn]] void fail(const std::string & path, const char * what) {
    const int error = errno;
    throw failure(code_of_failed_write(error), path + ": " + what + ": " + std::strerror(error));
}

}  // namespace

npy_writer::npy_writer(const std::string & folder, const std::string & name, size_t rows, size_t columns)
    : path_(folder + "/" + name),
      temporary_path_(path_ + ".part-" + std::to_string(getpid())),
      file_(std::fopen(temporary_path_.c_str(), "wb")),
      columns_(columns),
      missing_rows_(rows) {
    if (!file_) {
        fail(temporary_path_, "cannot be written");
    }
    const std::string bytes = header(rows, columns);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
        fail(temporary_path_, "cannot be written");
    }
}

npy_writer::~npy_writer() {
    if (!temporary_path_.empty()) {
        file_.reset();
        std::remove(temporary_path_.c_str());
    }
}

void npy_writer::write_row(const float * row) {
    if (missing_rows_ == 0) {
        throw failure(exit_code::internal, path_ + ": more rows than were announced");
    }
    if (std::fwrite(row, sizeof(float), columns_, file_.get()) != columns_) {
        fail(temporary_path_, "cannot be written");
    }
    --missing_rows_;
}

void npy_writer::finish() {
    if (missing_rows_ != 0) {
        throw failure(exit_code::internal, path_ + ": fewer rows than were announced");
    }
    // Closed by hand: a full disk may show only here.
    if (std::fclose(file_.release()) != 0) {
        fail(temporary_path_, "cannot be written");
    }
    if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
        fail(path_, "cannot be named");
    }
    temporary_path_.clear();
}

}  // namespace harness
