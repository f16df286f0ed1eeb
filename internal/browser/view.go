package browser

// View is what the reader has in front of him: a window, in pixels, that is light or dark.
type View struct {
	Name          string
	Width, Height int
	Dark          bool
	Touch         bool // a phone: it lays a page out as wide as the page asks for
}

// The two windows that pages are made for.
var (
	Desktop = View{Name: "desktop", Width: 1280, Height: 800}
	Phone   = View{Name: "phone", Width: 390, Height: 844, Touch: true}
)

// InDark returns the view in dark mode.
func (v View) InDark() View {
	v.Dark = true
	return v
}

// Views returns both windows, each light and dark.
func Views() []View { return []View{Desktop, Desktop.InDark(), Phone, Phone.InDark()} }

func (v View) String() string {
	if v.Dark {
		return v.Name + " dark"
	}
	return v.Name
}
